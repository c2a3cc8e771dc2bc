import type { JsonObject } from '@roomserver/types'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { docsPage } from './docs-page.ts'
import { hasPassword } from './guards.ts'
import type { MetricsSource, ServerOptions } from './options.ts'

/** Routes whose readers need no bearer token. */
export const OPEN_ROUTES: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/**
 * Health, metrics and the documents.
 *
 * @param openApi - makes the document that describes the operations; called when somebody asks for it
 */
export function addServiceRoutes(
  app: FastifyInstance,
  openApi: () => JsonObject,
  options: ServerOptions,
): void {
  app.get('/healthz', async (_request, reply) => reply.type('application/json').send('{"ok":true}'))
  app.get('/readyz', async (_request, reply) => sendReadiness(reply, options))
  const { metrics } = options
  if (metrics !== undefined) addMetricsRoute(app, metrics)
  // Making them takes a good part of the time that the server takes to start, and hardly anybody asks for them.
  const document = once(() => JSON.stringify(openApi(), null, 2))
  const page = once(() => docsPage(openApi()))
  app.get('/openapi.json', async (_request, reply) => reply.type('application/json').send(document()))
  app.get('/docs', async (_request, reply) => {
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(page())
  })
}

/** Makes a text when it is asked for the first time, and keeps it. */
function once(make: () => string): () => string {
  let text: string | undefined
  return () => (text ??= make())
}

async function sendReadiness(reply: FastifyReply, { readiness }: ServerOptions): Promise<FastifyReply> {
  const found = readiness === undefined ? { ready: true, checks: {} } : await readiness()
  return reply
    .code(found.ready ? 200 : 503)
    .type('application/json')
    .send(JSON.stringify(found))
}

function addMetricsRoute(app: FastifyInstance, metrics: MetricsSource): void {
  const { contentType, basicAuth } = metrics
  app.get('/metrics', async (request, reply) => {
    if (basicAuth !== undefined && !hasPassword(request.headers, basicAuth.username, basicAuth.password)) {
      return reply.code(401).header('www-authenticate', 'Basic realm="metrics"').send('')
    }
    return reply.type(contentType).send(await metrics.read())
  })
}
