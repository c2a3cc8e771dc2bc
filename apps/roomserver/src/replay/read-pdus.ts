import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { isGzip } from '../read-unpacked.ts'

/** A line of a file of events. */
export interface Line {
  readonly file: string
  readonly number: number
  readonly text: string
}

/** The lines of a file that hold something, gzip or not. */
export async function* readLines(file: string): AsyncGenerator<Line, void, void> {
  const isPacked = await isGzip(file)
  const bytes = createReadStream(file)
  const input = isPacked ? bytes.pipe(createGunzip()) : bytes
  const failed = new Promise<never>((_, reject) => {
    bytes.on('error', reject)
    input.on('error', reject)
  })
  failed.catch(() => undefined)
  let number = 0
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([lines.next(), failed])
    if (next.done === true) return
    number++
    if (next.value.trim() !== '') yield { file, number, text: next.value }
  }
}
