import {
  administrationEndpoints,
  type Endpoint,
  inspectionEndpoints,
  type RoomserverApi,
  roomserverEndpoints,
} from '@roomserver/api'
import { LoopShare, silentLogger } from '@roomserver/types'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestsUnderWay } from './requests-under-way.ts'
import { Arrivals } from './arrivals.ts'
import { Exchange } from './exchange.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { type Operation, type OperationHandler, operationHandler, type Shared } from './operation-route.ts'
import type { ServerOptions } from './options.ts'
import { RunningRequests } from './running-requests.ts'
import { SmallPieces } from './small-pieces.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']

/** Adds a route for every operation of a room server, of its inspection and its administration; all of them share their bounds. */
export function addOperations(app: FastifyInstance, api: RoomserverApi, options: ServerOptions): void {
  const shared = sharedBy(options)
  const { administration, inspection, streamed = {} } = options
  for (const [name, endpoint] of Object.entries(roomserverEndpoints)) {
    const from = name in streamed ? streamed : api
    addRoute(app, { name, endpoint: endpoint as Endpoint, call: methodOf(from, name) }, shared)
  }
  addFamily(app, 'inspect', inspectionEndpoints, inspection, shared)
  addFamily(app, 'admin', administrationEndpoints, administration, shared)
}

/** Adds a route for every operation of a table, where there is somebody to answer. */
function addFamily(
  app: FastifyInstance,
  family: string,
  table: object,
  api: object | undefined,
  shared: Shared,
): void {
  if (api === undefined) return
  for (const [name, endpoint] of Object.entries<Endpoint>(table as Readonly<Record<string, Endpoint>>))
    addRoute(app, { name: `${family}.${name}`, endpoint, call: methodOf(api, name) }, shared)
}

function methodOf(api: object, name: string): Operation['call'] {
  const method = (api as Readonly<Record<string, Operation['call']>>)[name]
  if (method === undefined) throw new TypeError(`the operation ${name} is not implemented`)
  return (request, context) => method.call(api, request, context)
}

function addRoute(app: FastifyInstance, operation: Operation, shared: Shared): void {
  app.route({
    method: METHODS,
    url: `/api${operation.endpoint.path}`,
    handler: routeHandler(operationHandler(operation, shared)),
    exposeHeadRoute: false,
  })
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
