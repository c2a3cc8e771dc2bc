import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** The bytes of a file, unpacked where it is packed by gzip, whatever it is called. */
export async function* readUnpacked(file: string): AsyncGenerator<Uint8Array, void, void> {
  const isPacked = await isGzip(file)
  const bytes = createReadStream(file)
  // A failure of either ends the last of them.
  const chunks: Readable = isPacked ? pipeline(bytes, createGunzip(), () => undefined) : bytes
  for await (const chunk of chunks) yield chunk as Uint8Array
}

/** Whether a file is packed by gzip, by its first two bytes. */
export async function isGzip(file: string): Promise<boolean> {
  await using handle = await open(file)
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
}
