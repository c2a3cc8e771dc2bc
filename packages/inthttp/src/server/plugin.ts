import { openApiDocument, type RoomserverApi } from '@roomserver/api'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { connectionOf, FastifyExchange } from './exchange.ts'
import type { OperationHandler } from './operation-route.ts'
import { createOperations, type Operations } from './operations.ts'
import type { ServerOptions } from './options.ts'
import { outputsHandler } from './outputs-route.ts'
import { sendError } from './send-error.ts'
import { addServiceRoutes, OPEN_ROUTES } from './service-routes.ts'

/** What is served beside the operations. */
export interface RouteOptions extends ServerOptions {
  /** Aborted when the server stops, so that streams end which would go on for ever. */
  readonly stopping?: AbortSignal | undefined
}

/** Options of the plugin: the room server that answers, and how it is served. */
export interface RoomserverPluginOptions extends RouteOptions {
  readonly api: RoomserverApi
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']

/** Fastify plugin: every operation of a room server under `/api/roomserver/`, and health, metrics and documents. */
export async function roomserverPlugin(
  app: FastifyInstance,
  options: RoomserverPluginOptions,
): Promise<void> {
  addRoutes(app, createOperations(options.api, options), options)
}

/** The routes of the plugin, to operations that others may serve as well. */
export function addRoutes(app: FastifyInstance, operations: Operations, options: RouteOptions): void {
  // Bodies are read by the operations: the reference looks at no content type, and neither do we.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', guard(operations))
  for (const [url, handle] of operations.handlers) {
    app.route({ method: METHODS, url, handler: handlerOf(handle), exposeHeadRoute: false })
  }
  if (options.outputs !== undefined) {
    const stopping = options.stopping ?? new AbortController().signal
    app.get('/api/roomserver/outputs', outputsHandler(options.outputs, stopping))
  }
  addServiceRoutes(app, openApiDocument(), options)
}

function handlerOf(handle: OperationHandler) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (request.method === 'OPTIONS') return reply.code(200).send('')
    await handle(new FastifyExchange(request, reply))
    return reply
  }
}

/** Turns away whom the operations refuse, whatever they ask for. */
function guard({ refusalOf }: Operations) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    request.raw.headers['content-type'] = 'application/json'
    const isOpen = OPEN_ROUTES.has(request.routeOptions.url ?? '')
    const refusal = refusalOf(request.headers, connectionOf(request), isOpen)
    return refusal === undefined ? undefined : sendError(reply, refusal)
  }
}
