import { readUnpacked } from '../read-unpacked.ts'
import { splitLines } from '../split-lines.ts'

/** A line of a file of events. */
export interface Line {
  readonly file: string
  readonly number: number
  readonly text: string
}

/** The lines of a file that hold something, gzip or not. */
export async function* readLines(file: string): AsyncGenerator<Line, void, void> {
  let number = 0
  for await (const { bytes } of splitLines(readUnpacked(file), file)) {
    number++
    const text = textOf(bytes)
    if (text.trim() !== '') yield { file, number, text }
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** The text of a line, without a byte order mark and a carriage return. What is not UTF-8 is not an event, and stays not one. */
function textOf(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes).replace(/\r$/, '')
  } catch {
    return '\uFFFD'
  }
}
