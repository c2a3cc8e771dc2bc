import { type Endpoint, type RoomserverApi, roomserverEndpoints } from '@roomserver/api'
import { LoopShare, silentLogger } from '@roomserver/types'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestsUnderWay } from './requests-under-way.ts'
import { Arrivals } from './arrivals.ts'
import { Exchange } from './exchange.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { type OperationHandler, operationHandler, type Shared } from './operation-route.ts'
import type { ServerOptions } from './options.ts'
import { RunningRequests } from './running-requests.ts'
import { SmallPieces } from './small-pieces.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']

/** Adds a route for every operation of a room server; all of them share their bounds. */
export function addOperations(app: FastifyInstance, api: RoomserverApi, options: ServerOptions): void {
  const shared = sharedBy(options)
  const { streamed = {} } = options
  for (const [name, endpoint] of Object.entries(roomserverEndpoints)) {
    const from = name in streamed ? streamed : api
    const method = from[name as keyof RoomserverApi] as Parameters<typeof operationHandler>[0]['call']
    const call: typeof method = (request, context) => method.call(from, request, context)
    const handle = operationHandler({ name, endpoint: endpoint as Endpoint, call }, shared)
    app.route({
      method: METHODS,
      url: `/api${endpoint.path}`,
      handler: routeHandler(handle),
      exposeHeadRoute: false,
    })
  }
}

/** Not an async function: the operation answers by itself, and Fastify has no promise to wait for. */
function routeHandler(handle: OperationHandler) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    if (request.method === 'OPTIONS') void reply.code(200).send('')
    else void handle(new Exchange(request, reply))
  }
}

function sharedBy(options: ServerOptions): Shared {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  return {
    limits,
    smallPieces: new SmallPieces(),
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
}
