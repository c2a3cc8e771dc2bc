import type { StreamedPart } from '@roomserver/api'

/** Up to which length a part is not worth being sent by itself, in bytes. */
const SMALL = 16 * 1024
/** How much of small parts is put together. */
const ENOUGH = 64 * 1024

/** The same with small neighbours put together: each part that is sent by itself costs as much as copying some thousand bytes. */
export function* gathered(parts: Iterable<StreamedPart>): Generator<StreamedPart, void, void> {
  let small: Uint8Array[] = []
  let length = 0
  for (const part of parts) {
    if (part instanceof Promise) {
      yield part
      continue
    }
    const isSmall = part.length < SMALL
    if (length > 0 && (!isSmall || length + part.length > ENOUGH)) {
      yield Buffer.concat(small, length)
      small = []
      length = 0
    }
    if (isSmall) {
      small.push(part)
      length += part.length
    } else {
      yield part
    }
  }
  if (length > 0) yield Buffer.concat(small, length)
}
