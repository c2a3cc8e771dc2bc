import type { CallContext, Decoded, Endpoint } from '@roomserver/api'
import { isFailure, type Logger, RoomserverError } from '@roomserver/types'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { badRequest, type ErrorForm, failureForm, unexpectedForm } from './error-form.ts'
import type { Tracing } from '../tracing.ts'
import type { Limits } from './limits.ts'
import type { Answered } from './options.ts'
import { type BodyBudget, type Received, receive } from './receive.ts'
import { sendAnswer, sendError } from './send-answer.ts'

/** What all operations share. */
export interface Operations {
  readonly limits: Limits
  readonly budget: BodyBudget
  readonly log: Logger
  readonly observe: (answered: Answered) => void
  readonly tracing: Tracing | undefined
  /** Requests that are being worked on. */
  running: number
}

/** An operation: how it looks on the wire, and what does it. */
export interface Operation {
  readonly name: string
  readonly endpoint: Endpoint
  readonly call: (request: unknown, context: CallContext) => Promise<unknown>
}

/** Makes the handler of one operation. Like the reference it takes any method, and looks at no content type. */
export function operationHandler(operation: Operation, shared: Operations) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (request.method === 'OPTIONS') return reply.code(200).send('')
    const start = performance.now()
    reply.raw.once('close', () => {
      const tookMs = performance.now() - start
      shared.observe({ operation: operation.name, status: reply.statusCode, tookMs })
    })
    if (shared.running >= shared.limits.maxConcurrentRequests) return sendError(reply, overloaded('requests'))
    shared.running++
    try {
      return await takeRequest(operation, shared, request, reply)
    } finally {
      shared.running--
    }
  }
}

async function takeRequest(
  operation: Operation,
  shared: Operations,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { limits, budget } = shared
  const rules = { maxBytes: limits.maxBodyBytes, timeoutMs: limits.requestTimeoutMs, budget }
  const received = await receive<unknown>(request.raw, operation.endpoint.request, rules)
  if (received.kind !== 'whole') return refuseBody(received, limits, reply)
  try {
    return await answer(operation, shared, received.decoded, request, reply)
  } finally {
    budget.give(received.length)
  }
}

async function answer(
  { name, endpoint, call }: Operation,
  { log, limits, tracing }: Operations,
  decoded: Decoded<unknown>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (!decoded.ok) return sendError(reply, badRequest(decoded.message))
  const gone = new AbortController()
  const onClose = () => gone.abort()
  reply.raw.once('close', onClose)
  try {
    const work = () => call(decoded.value, { signal: gone.signal, givesRequest: true })
    const { traceparent } = request.headers
    const value = await (tracing === undefined ? work() : tracing.operation(name, oneOf(traceparent), work))
    const onBroken = (error: unknown) =>
      log.error({ operation: name, request_id: request.id, err: error }, 'answer was broken off')
    return await sendAnswer(reply, endpoint.response, value, { stallMs: limits.answerStallMs, onBroken })
  } catch (error) {
    if (isFailure(error)) return sendError(reply, failureForm(error))
    if (gone.signal.aborted) return sendError(reply, unexpectedForm(request.id))
    log.error({ operation: name, request_id: request.id, err: error }, 'operation failed unexpectedly')
    return sendError(reply, unexpectedForm(request.id))
  } finally {
    reply.raw.off('close', onClose)
  }
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function refuseBody(
  { kind }: Exclude<Received<unknown>, { kind: 'whole' }>,
  limits: Limits,
  reply: FastifyReply,
): FastifyReply {
  reply.raw.once('finish', () => reply.raw.req.destroy())
  if (reply.raw.req.httpVersionMajor === 1) reply.header('connection', 'close')
  switch (kind) {
    case 'too-long':
      return sendError(reply, { ...badRequest(`body exceeds ${limits.maxBodyBytes} bytes`), status: 413 })
    case 'too-slow':
      return sendError(reply, {
        ...badRequest(`body not received in ${limits.requestTimeoutMs} ms`),
        status: 408,
      })
    case 'overloaded':
      return sendError(reply, overloaded('bytes of bodies'))
    case 'gone':
      return sendError(reply, badRequest('unexpected EOF'))
  }
}

/** Says that there is too much of something. */
export function overloaded(what: string): ErrorForm {
  const details = { what, retryAfterMs: 1_000 }
  return failureForm(new RoomserverError('OVERLOADED', details, `too many ${what} at once; try again later`))
}
