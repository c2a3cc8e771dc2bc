import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import type { PeerAddress } from './peer-address.ts'
import {
  AnswerBody,
  type Exchange,
  faultOf,
  type PeerAnswer,
  type Transport,
  TransportFault,
  watch,
} from './transport.ts'

/** How long a connection without streams is kept. */
const IDLE_MS = 60_000

const MAX_SESSION_MEGABYTES = 1_024

const WINDOW_BYTES = 4 * 1024 * 1024

/** HTTP/2 cleartext with prior knowledge: all requests on one connection, which is made anew when it ends. */
export function h2cTransport(address: PeerAddress): Transport {
  let current: ClientHttp2Session | undefined
  const session = () => {
    if (current === undefined || current.closed || current.destroyed) current = openSession(address)
    return current
  }
  return {
    exchange: async (exchange) => {
      const over = session()
      try {
        return await exchangeOver(over, exchange)
      } catch (error) {
        // A peer that went without a word leaves a connection on which nothing ever comes back.
        if (error instanceof TransportFault && error.kind === 'timeout' && over === current)
          current = retire(over)
        throw error
      }
    },
    close: async () => {
      if (current !== undefined && !current.destroyed) current = retire(current)
    },
  }
}

/** Lets a session finish what is on it, and forgets it. */
function retire(session: ClientHttp2Session): undefined {
  session.close()
}

function openSession(address: PeerAddress): ClientHttp2Session {
  const { host, port, socketPath } = address
  const socket = socketPath === undefined ? connectSocket(port, host) : connectSocket(socketPath)
  socket.setNoDelay(true)
  const authority = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const session = connect(authority, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: WINDOW_BYTES },
    // Requests that wait to be sent count here, and streams are refused beyond it.
    maxSessionMemory: MAX_SESSION_MEGABYTES,
  })
  session.once('connect', () => session.setLocalWindowSize(4 * WINDOW_BYTES))
  session.setTimeout(IDLE_MS, () => session.close())
  // Streams tell of the error themselves.
  session.on('error', () => undefined)
  session.once('goaway', () => session.close())
  return session
}

function exchangeOver(session: ClientHttp2Session, exchange: Exchange): Promise<PeerAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': exchange.path,
      'content-length': Buffer.byteLength(exchange.body),
      ...exchange.headers,
    })
    let headers: Readonly<Record<string, unknown>> = {}
    let stopped: TransportFault | undefined
    const body = new AnswerBody(exchange.maxAnswerBytes)
    const stop = (fault: TransportFault) => {
      stopped = fault
      stream.close(constants.NGHTTP2_CANCEL)
    }
    const finish = watch(exchange, stop)
    stream.once('response', (head) => {
      headers = head
    })
    stream.on('data', (chunk: Uint8Array) => {
      if (!body.add(chunk)) stop(new TransportFault('too-long', 'the answer is too long'))
    })
    stream.once('error', (error) => {
      stopped ??= isRefused(stream) ? new TransportFault('unreached', REFUSED) : faultOf(error)
    })
    let ended = false
    stream.once('end', () => {
      ended = true
    })
    stream.once('close', () => {
      finish()
      const status = Number(headers[':status'] ?? 0)
      if (stopped === undefined && ended && status > 0) resolve({ status, headers, body: body.bytes() })
      else
        reject(
          stopped ?? new TransportFault('broken', `the peer closed the stream with code ${stream.rstCode}`),
        )
    })
    stream.end(exchange.body)
  })
}

const REFUSED = 'the peer refused the stream'

/** A stream that the peer refused was not looked at. @see https://www.rfc-editor.org/rfc/rfc9113#section-8.7 */
function isRefused({ rstCode }: ClientHttp2Stream): boolean {
  return rstCode === constants.NGHTTP2_REFUSED_STREAM
}
