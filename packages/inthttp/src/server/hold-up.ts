import { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

/**
 * Stops reading a body, and over HTTP/1.1 its connection: Node would go on until as many bytes lie there as a stream
 * may hold, and each piece of one byte takes some hundred.
 */
export function holdUp(body: Readable): void {
  body.pause()
  // Behind a body that is there as a whole others may come, which are not to wait for it.
  if (body instanceof IncomingMessage && !body.complete) body.socket.pause()
}

/** Reads on. */
export function readOn(body: Readable): void {
  if (body instanceof IncomingMessage) body.socket.resume()
  body.resume()
}
