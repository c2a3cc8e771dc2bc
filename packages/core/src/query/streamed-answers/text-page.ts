import type { EventText } from '@roomserver/types'

/** The written form of neighbouring events, one after the other, each with a comma before it. */
export interface TextPage {
  readonly bytes: Uint8Array
  /** Where each ends. One that is left out ends where it begins. */
  readonly ends: Uint32Array
}

/** Writes an event as JSON; the empty string: it is left out. */
export type WriteEvent = (event: EventText) => string

const utf8 = new TextEncoder()

/** Writes a page; where there is no event, nothing. */
export function writePage(events: readonly (EventText | undefined)[], write: WriteEvent): TextPage {
  const parts = events.map((event) => {
    const written = event === undefined ? '' : write(event)
    return written === '' ? '' : `,${written}`
  })
  const text = parts.join('')
  const bytes = utf8.encode(text)
  const isAscii = bytes.length === text.length
  const ends = new Uint32Array(parts.length)
  let end = 0
  for (const [index, part] of parts.entries()) {
    end += isAscii ? part.length : Buffer.byteLength(part)
    ends[index] = end
  }
  return { bytes, ends }
}

/** What a page takes, in bytes. */
export function bytesOfPage({ bytes, ends }: TextPage): number {
  return 300 + bytes.byteLength + ends.byteLength
}

/** The written events of a page from number `from` to `to`, exclusive. */
export function sliceOfPage({ bytes, ends }: TextPage, from: number, to: number): Uint8Array {
  return bytes.subarray(from === 0 ? 0 : ends[from - 1], to === 0 ? 0 : ends[to - 1])
}
