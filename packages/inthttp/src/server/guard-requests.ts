import type { FastifyReply, FastifyRequest } from 'fastify'
import { badRequest, type ErrorForm, overloaded } from './error-form.ts'
import { connectionOf } from './exchange.ts'
import { hasToken, isForeignPage, isNamed, isPlain, RateLimit } from './guards.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { ServerOptions } from './options.ts'
import { pageRoutes } from './page-routes.ts'
import { sendError } from './send-error.ts'
import { OPEN_ROUTES } from './service-routes.ts'

/**
 * Makes the `onRequest` hook that refuses requests before anything is read of their bodies: those that ask for another
 * host or in an ambiguous way, those of web pages of other sites, those that come too often on a connection, and those without the token.
 */
export function guardRequests({ hosts, limits, page, token }: ServerOptions) {
  const { requestsPerSecondPerConnection } = { ...DEFAULT_LIMITS, ...limits }
  const names = hosts && new Set(hosts.map((name) => name.toLowerCase()))
  const rate = new RateLimit(requestsPerSecondPerConnection)
  const open = new Set([...OPEN_ROUTES, ...(page === undefined ? [] : pageRoutes(page))])
  const refusalOf = (request: FastifyRequest): ErrorForm | undefined => {
    const { headers, raw, routeOptions } = request
    if (!isPlain(raw)) return badRequest('a request names one host and a path, in HTTP/1.0 or later')
    if (names !== undefined && !isNamed(headers, names)) {
      const reason =
        'this server is not known by that host name; use an IP address, localhost or a configured name'
      return { ...badRequest(reason), status: 421 }
    }
    if (isForeignPage(headers))
      return { ...badRequest('requests from web pages of other sites are not allowed'), status: 403 }
    if (!rate.allows(connectionOf(request), performance.now()))
      return overloaded('requests on this connection')
    if (token === undefined || open.has(routeOptions.url ?? '') || hasToken(headers, token)) return undefined
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
