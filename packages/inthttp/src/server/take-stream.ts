import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { StreamExchange } from './exchange.ts'
import type { Operations } from './operations.ts'

/** Takes an HTTP/2 stream; false: it is for somebody else. */
export type TakeStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean

/**
 * Takes streams with operations as they are usually asked for. In the shape of HTTP/1.1 and by way of Fastify, as
 * everything else goes, a short request takes a fifth more of the time.
 */
export function takeStreams({ handlers, refusalOf }: Operations): TakeStream {
  return (stream, headers) => {
    const handle = handlers.get(headers[':path'] ?? '')
    if (handle === undefined || headers[':method'] !== 'POST' || headers.expect !== undefined) return false
    const exchange = new StreamExchange(stream, headers)
    const refusal = refusalOf(headers, stream.session ?? stream)
    if (refusal !== undefined) exchange.fail(refusal)
    else void handle(exchange)
    return true
  }
}
