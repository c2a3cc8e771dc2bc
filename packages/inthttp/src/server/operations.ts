import type { IncomingHttpHeaders } from 'node:http'
import { type Endpoint, type RoomserverApi, roomserverEndpoints } from '@roomserver/api'
import { LoopShare, silentLogger } from '@roomserver/types'
import { RequestsUnderWay } from './requests-under-way.ts'
import { Arrivals } from './arrivals.ts'
import { badRequest, type ErrorForm } from './error-form.ts'
import { hasToken, isForeignPage, RateLimit } from './guards.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { type OperationHandler, operationHandler, overloaded, type Shared } from './operation-route.ts'
import type { ServerOptions } from './options.ts'
import { RunningRequests } from './running-requests.ts'

/** The operations of a room server, as they are served by whatever way a request came. */
export interface Operations {
  /** By the path of each. */
  readonly handlers: ReadonlyMap<string, OperationHandler>
  /**
   * Why a request is turned away, if it is: nobody knows who it is from, or they come too often.
   *
   * @param connection - that it came on
   * @param isOpen - nobody has to be known for it
   */
  readonly refusalOf: (
    headers: IncomingHttpHeaders,
    connection: object,
    isOpen?: boolean,
  ) => ErrorForm | undefined
}

/** Makes the operations of a room server. What they share, such as bounds, is shared by all ways to them. */
export function createOperations(api: RoomserverApi, options: ServerOptions): Operations {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const shared: Shared = {
    limits,
    arrivals: new Arrivals({
      maxArriving: limits.maxArrivingRequests,
      maxWaiting: limits.maxWaitingBodies,
      bodyIdleMs: limits.bodyIdleMs,
      bodyIdleBytes: (limits.minBodyBytesPerSecond * limits.bodyIdleMs) / 1_000,
      maxBytes: limits.maxBodyBytesInAll,
    }),
    share: new LoopShare(setImmediate),
    underWay: new RequestsUnderWay(),
    log: options.log ?? silentLogger,
    observe: options.observe ?? (() => undefined),
    tracing: options.tracing,
    running: new RunningRequests(limits),
  }
  const rate = new RateLimit(limits.requestsPerSecondPerConnection)
  const { token, streamed = {} } = options
  const entries = Object.entries(roomserverEndpoints).map(([name, endpoint]) => {
    const from = name in streamed ? streamed : api
    const method = from[name as keyof RoomserverApi] as Parameters<typeof operationHandler>[0]['call']
    const call: typeof method = (request, context) => method.call(from, request, context)
    const operation = { name, endpoint: endpoint as Endpoint, call }
    return [`/api${endpoint.path}`, operationHandler(operation, shared)] as const
  })
  return {
    handlers: new Map(entries),
    refusalOf: (headers, connection, isOpen = false) => {
      if (isForeignPage(headers)) return { ...badRequest('not for pages of other sites'), status: 403 }
      if (!rate.allows(connection, performance.now())) return overloaded('requests on this connection')
      if (token === undefined || isOpen || hasToken(headers, token)) return undefined
      const needed = badRequest('a bearer token is needed')
      return { ...needed, status: 401, headers: { 'www-authenticate': 'Bearer' } }
    },
  }
}
