import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { RoomserverError } from '@roomserver/types'

/**
 * The bytes of a file, unpacked where it is packed by gzip, whatever it is called.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT for one that is damaged or was cut off
 */
export async function* readUnpacked(file: string): AsyncGenerator<Uint8Array, void, void> {
  const isPacked = await isGzip(file)
  const bytes = createReadStream(file)
  // A failure of either ends the last of them.
  const chunks: Readable = isPacked ? pipeline(bytes, createGunzip(), () => undefined) : bytes
  try {
    for await (const chunk of chunks) yield chunk as Uint8Array
  } catch (cause) {
    throw isOfZlib(cause) ? damaged(file, cause) : cause
  }
}

/** Whether a file is packed by gzip, by its first two bytes. */
async function isGzip(file: string): Promise<boolean> {
  await using handle = await open(file)
  // The failure of reading a folder does not name it.
  if ((await handle.stat()).isDirectory()) throw unreadable(file, 'a file, not a folder')
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
}

function isOfZlib(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}

function damaged(file: string, cause: Error): RoomserverError {
  return unreadable(file, `a whole file packed by gzip (${cause.message})`, cause)
}

function unreadable(file: string, expected: string, cause?: Error): RoomserverError {
  const message = `${file}: expected ${expected}`
  return new RoomserverError('INVALID_ARGUMENT', { argument: file, expected }, message, { cause })
}
