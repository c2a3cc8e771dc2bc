import type { ListenOptions } from 'node:net'
import type { RoomserverApi } from '@roomserver/api'
import { type Logger, silentLogger } from '@roomserver/types'
import fastify, { type FastifyInstance } from 'fastify'
import { unexpectedForm } from './error-form.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import { isLoopbackHost } from './loopback-host.ts'
import type { ServerOptions } from './options.ts'
import { roomserverPlugin, type RoomserverPluginOptions } from './plugin.ts'
import { startProtocolServer } from './protocol-server.ts'
import { sendError } from './send-error.ts'
import { tardisSocket } from './tardis-socket.ts'

/** Where to listen. Default: port 7770 of the loopback address. */
export type Listen =
  | { readonly host?: string; readonly port?: number }
  /** Path of a unix socket. */
  | { readonly path: string }

/** Options of a server, and the address that it listens on. */
export interface ServeOptions extends ServerOptions {
  readonly listen?: Listen | undefined
}

/** A server that listens. Disposing of it is closing it. */
export interface RoomserverServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:7770`, or the path of the unix socket. */
  readonly address: string
  /** The Fastify instance, for requests without a network (`inject`). */
  readonly app: FastifyInstance
  /**
   * Has load balancers go elsewhere while requests are still answered: `/readyz` is not ready from now on, and connections
   * of HTTP/1.1 close after their next answer. Then wait for as long as the balancers need to notice, and {@link close}.
   */
  drain(): void
  /** Takes no new requests, finishes those under way within `limits.drainMs`, and stops. */
  close(): Promise<void>
}

/**
 * Serves a room server over HTTP/1.1 and HTTP/2 cleartext on one port.
 *
 * @throws what `listen` does when the address cannot be used
 * @example
 * ```ts
 * import type { RoomserverApi } from '@roomserver/api'
 * import { serveRoomserver } from '@roomserver/inthttp'
 *
 * declare const rooms: RoomserverApi // such as the operations of an engine
 * await using server = await serveRoomserver(rooms, { listen: { port: 7770 } })
 * console.log(server.address)
 * ```
 */
export async function serveRoomserver(
  api: RoomserverApi,
  options: ServeOptions = {},
): Promise<RoomserverServer> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits }
  const log = options.log ?? silentLogger
  const stop = new AbortController()
  let isDraining = false
  const readiness = async () => {
    const found = (await options.readiness?.()) ?? { ready: true, checks: {} }
    return isDraining ? { ready: false, checks: { ...found.checks, server: 'stopping' } } : found
  }
  const hosts = options.token === undefined && isLoopback(options.listen) ? (options.hosts ?? []) : undefined
  const app = await createApp({ ...options, hosts, api, readiness, stopping: stop.signal }, log)
  const socket = options.tardis && tardisSocket(options.tardis, { hosts, log, token: options.token })
  const server = await startProtocolServer(
    (request, response) => app.routing(request, response),
    listenOptions(options.listen),
    limits,
    socket,
  )
  warnOfStrangers(server.address, options, log)
  const drain = () => {
    isDraining = true
    server.drain()
  }
  const close = async () => {
    stop.abort()
    await server.close()
    await app.close()
  }
  return { address: server.address, app, drain, close, [Symbol.asyncDispose]: close }
}

async function createApp(options: RoomserverPluginOptions, log: Logger): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    routerOptions: { caseSensitive: true },
    frameworkErrors: (_error, _request, reply) => void notFound(reply),
  })
  app.setNotFoundHandler((_request, reply) => notFound(reply))
  app.setErrorHandler((error, request, reply) => {
    log.error({ request_id: request.id, err: error }, 'unexpected failure of a request')
    return sendError(reply, unexpectedForm(request.id))
  })
  await roomserverPlugin(app, options)
  await app.ready()
  return app
}

function notFound(reply: Parameters<typeof sendError>[0]) {
  return reply
    .code(404)
    .type('text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send('404 page not found\n')
}

/** Whether only this machine reaches an address: then a web page that is open on it may still do so by a name of its own. */
function isLoopback(listen: Listen | undefined): boolean {
  if (listen !== undefined && 'path' in listen) return false
  return isLoopbackHost(listen?.host ?? '127.0.0.1')
}

function listenOptions(listen: Listen | undefined): ListenOptions {
  if (listen !== undefined && 'path' in listen) return { path: listen.path }
  return { host: listen?.host ?? '127.0.0.1', port: listen?.port ?? 7770 }
}

/** A room server does what it is told: whoever reaches it owns every room of the homeserver. */
function warnOfStrangers(address: string, { token }: ServerOptions, log: Logger): void {
  if (token !== undefined || !address.startsWith('http://')) return
  if (isLoopbackHost(new URL(address).hostname)) return
  log.warn(
    { address },
    'unauthenticated API on a non-loopback address; set roomserver.token or listen on loopback',
  )
}
