import { once } from 'node:events'
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'

/** A call that passed a proxy. Bodies are text. */
export interface PassedCall {
  readonly path: string
  readonly status: number
  readonly request: string
  readonly response: string
}

/** Called when a call comes; what it returns is called with the whole of it when the answer is there. */
export type CallListener = (path: string, request: string) => (call: PassedCall) => void

/** Stands in front of an internal API (HTTP/2 without TLS), passes everything on and tells of it. */
export async function startRecordingProxy(
  listenPort: number,
  to: string,
  listener: CallListener,
): Promise<AsyncDisposable> {
  let session: ClientHttp2Session | undefined
  const onward = () => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(to)
      session.on('error', () => undefined)
    }
    return session
  }
  const server = createServer((incoming, outgoing) => {
    void pass(incoming, outgoing, onward, listener)
  })
  const sessions = new Set<{ destroy(): void }>()
  server.on('session', (opened) => {
    sessions.add(opened)
    opened.on('close', () => sessions.delete(opened))
  })
  server.listen(listenPort, '127.0.0.1')
  await once(server, 'listening')
  return {
    async [Symbol.asyncDispose]() {
      session?.destroy()
      for (const open of sessions) open.destroy()
      await new Promise<void>((closed) => server.close(() => closed()))
    },
  }
}

async function pass(
  incoming: Http2ServerRequest,
  outgoing: Http2ServerResponse,
  onward: () => ClientHttp2Session,
  listener: CallListener,
): Promise<void> {
  const path = incoming.url
  const request = await textOf(incoming)
  const done = listener(path, request)
  const answer = await ask(onward(), path, incoming.method, request)
  done({ path, request, ...answer })
  if (outgoing.destroyed) return
  outgoing.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.response)
}

async function ask(
  session: ClientHttp2Session,
  path: string,
  method: string,
  request: string,
): Promise<{ readonly status: number; readonly response: string }> {
  try {
    const headers = { ':path': path, ':method': method, 'content-type': 'application/json' }
    const stream = session.request(headers)
    stream.end(request)
    let status = 502
    stream.on('response', (answered) => (status = Number(answered[':status'] ?? 502)))
    const response = await textOf(stream)
    return { status, response }
  } catch (error) {
    return { status: 502, response: JSON.stringify({ message: String(error) }) }
  }
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of stream) if (Buffer.isBuffer(part)) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}
