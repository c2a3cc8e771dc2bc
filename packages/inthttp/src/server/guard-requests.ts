import type { FastifyReply, FastifyRequest } from 'fastify'
import { badRequest, type ErrorForm, overloaded } from './error-form.ts'
import { connectionOf } from './exchange.ts'
import { hasToken, isForeignPage, RateLimit } from './guards.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { ServerOptions } from './options.ts'
import { sendError } from './send-error.ts'
import { OPEN_ROUTES } from './service-routes.ts'

/**
 * Makes the `onRequest` hook that refuses requests before anything is read of their bodies: those of web pages of other
 * sites, those that come too often on a connection, and those without the token.
 */
export function guardRequests({ limits, token }: ServerOptions) {
  const { requestsPerSecondPerConnection } = { ...DEFAULT_LIMITS, ...limits }
  const rate = new RateLimit(requestsPerSecondPerConnection)
  const refusalOf = (request: FastifyRequest): ErrorForm | undefined => {
    const { headers, routeOptions } = request
    if (isForeignPage(headers))
      return { ...badRequest('requests from web pages of other sites are not allowed'), status: 403 }
    if (!rate.allows(connectionOf(request), performance.now()))
      return overloaded('requests on this connection')
    if (token === undefined || OPEN_ROUTES.has(routeOptions.url ?? '') || hasToken(headers, token))
      return undefined
    const needed = badRequest('a bearer token is required')
    return { ...needed, status: 401, headers: { 'www-authenticate': 'Bearer' } }
  }
  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    // Fastify would refuse one that it cannot read.
    request.raw.headers['content-type'] = undefined
    const refusal = refusalOf(request)
    if (refusal === undefined) done()
    else void sendError(reply, refusal)
  }
}
