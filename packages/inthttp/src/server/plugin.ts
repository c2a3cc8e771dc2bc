import { openApiDocument, type RoomserverApi } from '@roomserver/api'
import type { FastifyInstance } from 'fastify'
import { guardRequests } from './guard-requests.ts'
import { addOperations } from './operations.ts'
import type { ServerOptions } from './options.ts'
import { outputsHandler } from './outputs-route.ts'
import { addPageRoutes } from './page-routes.ts'
import { addServiceRoutes } from './service-routes.ts'

/** Options of the plugin: the room server that answers, and how it is served. */
export interface RoomserverPluginOptions extends ServerOptions {
  readonly api: RoomserverApi
  /** Aborted when the server stops, so that streams end which would go on for ever. */
  readonly stopping?: AbortSignal | undefined
}

/** Fastify plugin: every operation of a room server under `/api/roomserver/`, of its inspection under `/api/inspect/`, and health, metrics and documents. */
export async function roomserverPlugin(
  app: FastifyInstance,
  options: RoomserverPluginOptions,
): Promise<void> {
  // Bodies are read by the operations: the reference looks at no content type, and neither do we.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', guardRequests(options))
  addOperations(app, options.api, options)
  if (options.outputs !== undefined) {
    const stopping = options.stopping ?? new AbortController().signal
    app.get('/api/roomserver/outputs', outputsHandler(options.outputs, stopping))
  }
  addServiceRoutes(app, openApiDocument, options)
  if (options.page !== undefined) addPageRoutes(app, options.page)
}
