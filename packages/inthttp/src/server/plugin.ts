import { type Endpoint, openApiDocument, type RoomserverApi, roomserverEndpoints } from '@roomserver/api'
import { silentLogger } from '@roomserver/types'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { badRequest } from './error-form.ts'
import { hasToken, isForeignPage, RateLimit } from './guards.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { type Operation, type Operations, operationHandler, overloaded } from './operation-route.ts'
import type { ServerOptions } from './options.ts'
import { outputsHandler } from './outputs-route.ts'
import { BodyBudget } from './receive.ts'
import { sendError } from './send-answer.ts'
import { addServiceRoutes, OPEN_ROUTES } from './service-routes.ts'

/** Options of the plugin: the room server that answers, and how it is served. */
export interface RoomserverPluginOptions extends ServerOptions {
  readonly api: RoomserverApi
  /** Aborted when the server stops, so that streams end which would go on for ever. */
  readonly stopping?: AbortSignal | undefined
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']

/** Fastify plugin: every operation of a room server under `/api/roomserver/`, and health, metrics and documents. */
export async function roomserverPlugin(
  app: FastifyInstance,
  options: RoomserverPluginOptions,
): Promise<void> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const shared: Operations = {
    limits,
    budget: new BodyBudget(limits.maxBodyBytesInAll),
    log: options.log ?? silentLogger,
    observe: options.observe ?? (() => undefined),
    tracing: options.tracing,
    running: 0,
  }
  // Bodies are read by the operations: the reference looks at no content type, and neither do we.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', guard(options, new RateLimit(limits.requestsPerSecondPerConnection)))
  for (const operation of operationsOf(options)) {
    const url = `/api${operation.endpoint.path}`
    app.route({ method: METHODS, url, handler: operationHandler(operation, shared), exposeHeadRoute: false })
  }
  if (options.outputs !== undefined) {
    const stopping = options.stopping ?? new AbortController().signal
    app.get('/api/roomserver/outputs', outputsHandler(options.outputs, stopping))
  }
  addServiceRoutes(app, openApiDocument(), options)
}

function operationsOf({ api, written = {} }: RoomserverPluginOptions): readonly Operation[] {
  return Object.entries(roomserverEndpoints).map(([name, endpoint]) => {
    const from = name in written ? written : api
    const call = from[name as keyof RoomserverApi] as Operation['call']
    return {
      name,
      endpoint: endpoint as Endpoint,
      call: (request, context) => call.call(from, request, context),
    }
  })
}

/** Turns away whom nobody knows, and who comes too often. */
function guard({ token }: ServerOptions, rate: RateLimit) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    request.raw.headers['content-type'] = 'application/json'
    if (isForeignPage(request.headers)) {
      return sendError(reply, { ...badRequest('not for pages of other sites'), status: 403 })
    }
    if (!rate.allows(connectionOf(request), performance.now())) {
      return sendError(reply, overloaded('requests on this connection'))
    }
    const path = request.routeOptions.url ?? ''
    if (token === undefined || OPEN_ROUTES.has(path) || hasToken(request.headers, token)) return undefined
    reply.header('www-authenticate', 'Bearer')
    return sendError(reply, { ...badRequest('a bearer token is needed'), status: 401 })
  }
}

/** The HTTP/2 session or the socket that a request came on. */
function connectionOf(request: FastifyRequest): object {
  const raw = request.raw as { readonly stream?: { readonly session?: object } }
  return raw.stream?.session ?? request.raw.socket
}
