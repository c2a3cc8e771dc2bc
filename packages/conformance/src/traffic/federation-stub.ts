import { once } from 'node:events'
import { createServer, type Http2Server, type Http2ServerResponse } from 'node:http2'
import type { JsonValue } from '@roomserver/types'
import type { Archive } from './archive.ts'

/** A federation component (HTTP/2 cleartext, as the real one speaks it) that answers from a recording, and reports what it could not answer. */
export interface FederationStub extends AsyncDisposable {
  readonly url: string
  /** Calls that the recording holds no answer for. */
  readonly unanswered: readonly string[]
}

/**
 * Starts the stub on a free port of the loopback interface. A call is answered when the recording holds what it asks
 * for, in whatever call it was recorded: the same request; keys and events one by one; state by room and event.
 */
export async function startFederationStub(archive: Archive): Promise<FederationStub> {
  const unanswered: string[] = []
  const answer = async (path: string, text: string, response: Http2ServerResponse) => {
    const recorded = await archive.answer(path, parseBody(text))
    if (recorded === undefined) unanswered.push(`${path} ${text}`)
    const { status, body } = recorded ?? { status: 500, body: NOT_RECORDED }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => void answer(request.url ?? '', Buffer.concat(parts).toString('utf8'), response))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    unanswered,
    [Symbol.asyncDispose]: () => new Promise((closed) => server.close(() => closed())),
  }
}

const NOT_RECORDED = { Type: '*errors.errorString', Message: 'the recording holds no answer' }

function parseBody(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return null
  }
}

function portOf(server: Http2Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
