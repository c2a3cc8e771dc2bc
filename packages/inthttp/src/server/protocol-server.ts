import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server, type Http2Server, type Http2Session } from 'node:http2'
import type { AddressInfo, ListenOptions, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { Admission } from './admission.ts'
import type { Limits } from './limits.ts'
import { type Protocol, sniffProtocol } from './sniff-protocol.ts'

/** What an HTTP/2 connection may hold. Bodies and answers have bounds of their own. */
const MAX_SESSION_MEGABYTES = 256

/**
 * How much of a body, and of all bodies of a connection, may be on its way while nobody reads it. In frames of a byte each
 * that takes a hundred times as much memory; on a network as near as that of components more is no faster.
 */
const STREAM_WINDOW_BYTES = 256 * 1024
const CONNECTION_WINDOW_BYTES = 1024 * 1024

/** Answers a request of either protocol; HTTP/2 requests come in the shape of HTTP/1.1 ones. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Takes connections that go on in another protocol. */
export interface Upgrades {
  /** Whether a request that asks for that is taken; others are answered as if they had not asked. */
  isFor(request: IncomingMessage): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends all of them. */
  close(): void
}

/** A listening server for HTTP/1.1 and HTTP/2 cleartext with prior knowledge on one port. */
export interface ProtocolServer {
  /** Where it listens: a URL, or the path of a unix socket. */
  readonly address: string
  /**
   * Has each connection of HTTP/1.1 close after its next answer. Those of HTTP/2 stay: Node's only way to say that one is
   * about to close is to take nothing more on it.
   */
  drain(): void
  /** Takes no more connections and requests, finishes what is under way, cuts off what takes too long. */
  close(): Promise<void>
}

/**
 * Listens. The first bytes of a connection tell its protocol.
 *
 * @throws what `listen` does when the address cannot be used
 */
export async function startProtocolServer(
  handler: Handler,
  where: ListenOptions,
  limits: Limits,
  upgrades?: Upgrades,
): Promise<ProtocolServer> {
  let draining = false
  const pipelines = new Pipelines()
  const answer: Handler = (request, response) => {
    if (request.httpVersionMajor === 1 && !pipelines.take(request.socket, response)) return
    if (draining && request.httpVersionMajor === 1) response.setHeader('connection', 'close')
    handler(request, response)
  }
  const http1 = createHttp1(answer, limits, upgrades)
  const http2 = createHttp2(answer, limits)
  const sessions = trackSessions(http2, limits)
  const undecided = new Set<Socket>()
  const sockets = new Set<Socket>()
  divideConnections(http1, http2, undecided, limits)
  http1.prependListener('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await listening(http1, where)

  return {
    address: addressOf(http1),
    drain: () => {
      draining = true
    },
    close: async () => {
      draining = true
      upgrades?.close()
      await drain(http1, sessions, { undecided, sockets }, limits.drainMs)
    },
  }
}

/** Requests of an HTTP/1.1 connection that may wait for their answers. */
const MAX_PIPELINED = 32

/**
 * Requests that were sent without waiting for answers. Node parses all that it reads at once, hundreds of short ones, and
 * begins each in the same turn of the event loop. No component does that; a connection with too many is closed.
 */
class Pipelines {
  readonly #waiting = new WeakMap<Socket, number>()

  /** Takes a request; false: there are too many, and the connection is closed. */
  take(socket: Socket, response: ServerResponse): boolean {
    if (socket.destroyed) return false
    const waiting = (this.#waiting.get(socket) ?? 0) + 1
    if (waiting > MAX_PIPELINED) {
      socket.destroy()
      return false
    }
    this.#waiting.set(socket, waiting)
    response.once('close', () => this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1))
    return true
  }
}

function createHttp1(handler: Handler, limits: Limits, upgrades: Upgrades | undefined): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.idleTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
      noDelay: true,
      // Whoever asks for another protocol is answered all the same: curl asks for HTTP/2 in passing.
      shouldUpgradeCallback: (request: IncomingMessage) => upgrades?.isFor(request) === true,
    },
    handler,
  )
  server.on('upgrade', (request, socket, head) => upgrades?.upgrade(request, socket, head))
  server.maxConnections = limits.maxConnections
  server.timeout = limits.silenceMs
  return server
}

function createHttp2(handler: Handler, limits: Limits): Http2Server {
  const server = createHttp2Server({
    settings: {
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxHeaderListSize: limits.maxHeaderBytes,
      initialWindowSize: STREAM_WINDOW_BYTES,
    },
    peerMaxConcurrentStreams: limits.maxConcurrentStreams,
    // A component sends ten, a proxy adds as many. Each costs time before anything can refuse the request.
    maxHeaderListPairs: 64,
    // Answers that wait for their takers count here, and streams are refused beyond it.
    maxSessionMemory: MAX_SESSION_MEGABYTES,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    streamResetBurst: limits.streamResetBurst,
    streamResetRate: limits.streamResetsPerSecond,
  })
  server.on('request', handler as unknown as (request: unknown, response: unknown) => void)
  server.on('sessionError', ignore)
  return server
}

function trackSessions(server: Http2Server, limits: Limits): ReadonlySet<Http2Session> {
  const sessions = new Set<Http2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
    session.setTimeout(limits.idleTimeoutMs, () => closeIdle(session, limits))
    session.on('error', ignore)
    session.once('close', () => sessions.delete(session))
  })
  return sessions
}

/** Closes a silent connection: at once without requests under way, and after a long silence in any case. */
function closeIdle(session: Http2Session, limits: Limits): void {
  session.close()
  session.setTimeout(limits.silenceMs, () => session.destroy())
}

/** Puts the choice of protocol before the listener with which the HTTP/1.1 server takes its connections. */
function divideConnections(http1: Server, http2: Http2Server, undecided: Set<Socket>, limits: Limits): void {
  const takers = http1.listeners('connection') as ((socket: Socket) => void)[]
  const admission = new Admission()
  const letIn = (socket: Socket, protocol: Protocol) => {
    undecided.delete(socket)
    if (socket.destroyed) return
    if (protocol === 'http/1.1') {
      for (const take of takers) take.call(http1, socket)
    } else {
      socket.allowHalfOpen = false
      http2.emit('connection', socket)
    }
  }
  http1.removeAllListeners('connection')
  http1.on('connection', (socket: Socket) => {
    undecided.add(socket)
    socket.on('error', ignore)
    socket.once('close', () => undecided.delete(socket))
    sniffProtocol(socket, limits.headersTimeoutMs, (protocol) => {
      admission.enter(() => letIn(socket, protocol))
    })
  })
}

async function listening(server: Server, where: ListenOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function addressOf(server: Server): string {
  const address = server.address()
  if (typeof address === 'string' || address === null) return address ?? ''
  return `http://${hostOf(address)}:${address.port}`
}

function hostOf(address: AddressInfo): string {
  return address.family === 'IPv6' ? `[${address.address}]` : address.address
}

/** Waits for both protocols' requests under way, up to a limit. */
async function drain(
  http1: Server,
  sessions: ReadonlySet<Http2Session>,
  { undecided, sockets }: { readonly undecided: ReadonlySet<Socket>; readonly sockets: ReadonlySet<Socket> },
  drainMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => http1.close(() => resolve()))
  for (const socket of undecided) socket.destroy()
  for (const session of sessions) session.close()
  const sweep = setInterval(() => http1.closeIdleConnections(), 50)
  const cutOff = setTimeout(() => {
    for (const session of sessions) session.destroy()
    // A peer may hold its end of a connection open that is over for us.
    for (const socket of sockets) socket.destroy()
  }, drainMs)
  await closed
  clearInterval(sweep)
  clearTimeout(cutOff)
}

/** A broken connection is the fault of the peer, and is already closed. */
function ignore(): void {}
