import { RoomserverError } from '@roomserver/types'

/** A line of a file, without its line feed. */
export interface RawLine {
  readonly bytes: Uint8Array
  /** False for what stands behind the last line feed. */
  readonly isWhole: boolean
}

/** Many times the longest event. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

/**
 * Cuts a file at its line feeds, and nowhere else: texts of events contain U+2028 and the like, at which `node:readline` cuts.
 *
 * @param file - its name, for the error
 * @throws {RoomserverError} INVALID_ARGUMENT for a line that no event is as long as
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<RawLine, void, void> {
  let pieces: Uint8Array[] = []
  let heldBytes = 0
  let number = 1
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, from)) {
      yield { bytes: Buffer.concat([...pieces, chunk.subarray(from, end)]), isWhole: true }
      pieces = []
      heldBytes = 0
      number++
      from = end + 1
    }
    pieces.push(chunk.subarray(from))
    heldBytes += chunk.length - from
    if (heldBytes > MAX_LINE_BYTES) throw tooLong(file, number)
  }
  if (heldBytes > 0) yield { bytes: Buffer.concat(pieces), isWhole: false }
}

const LINE_FEED = 0x0a

function tooLong(file: string, number: number): RoomserverError {
  const expected = `one event in each line; line ${number} has more than ${MAX_LINE_BYTES} bytes`
  return new RoomserverError(
    'INVALID_ARGUMENT',
    { argument: file, expected },
    `${file}: expected ${expected}`,
  )
}
