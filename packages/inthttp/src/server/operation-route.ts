import type { CallContext, Decoded, Endpoint } from '@roomserver/api'
import { isFailure, type Logger, RoomserverError } from '@roomserver/types'
import { badRequest, type ErrorForm, failureForm, unexpectedForm } from './error-form.ts'
import type { Exchange } from './exchange.ts'
import type { Tracing } from '../tracing.ts'
import type { Limits } from './limits.ts'
import type { Answered } from './options.ts'
import { type BodyBudget, type Received, receive } from './receive.ts'
import { sendAnswer } from './send-answer.ts'

/** What all operations share. */
export interface Shared {
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

/** Takes a request for an operation and answers it. Never rejects. */
export type OperationHandler = (exchange: Exchange) => Promise<void>

/** Makes the handler of one operation. Like the reference it takes any method, and looks at no content type. */
export function operationHandler(operation: Operation, shared: Shared): OperationHandler {
  return async (exchange) => {
    const start = performance.now()
    exchange.onceClosed(() => {
      const tookMs = performance.now() - start
      shared.observe({ operation: operation.name, status: exchange.status, tookMs })
    })
    if (shared.running >= shared.limits.maxConcurrentRequests) return exchange.fail(overloaded('requests'))
    shared.running++
    try {
      await takeRequest(operation, shared, exchange)
    } catch (error) {
      shared.log.error({ request_id: exchange.id, err: error }, 'request failed unexpectedly')
      exchange.fail(unexpectedForm(exchange.id))
    } finally {
      shared.running--
    }
  }
}

async function takeRequest(operation: Operation, shared: Shared, exchange: Exchange): Promise<void> {
  const { limits, budget } = shared
  const rules = { maxBytes: limits.maxBodyBytes, timeoutMs: limits.requestTimeoutMs, budget }
  const received = await receive<unknown>(exchange.body, operation.endpoint.request, rules)
  if (received.kind !== 'whole') return exchange.turnAway(refusal(received, limits))
  try {
    await answer(operation, shared, received.decoded, exchange)
  } finally {
    budget.give(received.length)
  }
}

async function answer(
  { name, endpoint, call }: Operation,
  { log, limits, tracing }: Shared,
  decoded: Decoded<unknown>,
  exchange: Exchange,
): Promise<void> {
  if (!decoded.ok) return exchange.fail(badRequest(decoded.message))
  const gone = new AbortController()
  let isAnswered = false
  exchange.onceClosed(() => {
    if (!isAnswered) gone.abort()
  })
  try {
    const work = () => call(decoded.value, { signal: gone.signal, givesRequest: true })
    const { traceparent } = exchange.headers
    const value = await (tracing === undefined ? work() : tracing.operation(name, oneOf(traceparent), work))
    const onBroken = (error: unknown) =>
      log.error({ operation: name, request_id: exchange.id, err: error }, 'answer was broken off')
    const sending = { stallMs: limits.answerStallMs, onBroken, gone: gone.signal }
    await sendAnswer(exchange, endpoint.response, value, sending)
  } catch (error) {
    if (isFailure(error)) return exchange.fail(failureForm(error))
    if (!gone.signal.aborted) {
      log.error({ operation: name, request_id: exchange.id, err: error }, 'operation failed unexpectedly')
    }
    exchange.fail(unexpectedForm(exchange.id))
  } finally {
    isAnswered = true
  }
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function refusal({ kind }: Exclude<Received<unknown>, { kind: 'whole' }>, limits: Limits): ErrorForm {
  switch (kind) {
    case 'too-long':
      return { ...badRequest(`body exceeds ${limits.maxBodyBytes} bytes`), status: 413 }
    case 'too-slow':
      return { ...badRequest(`body not received in ${limits.requestTimeoutMs} ms`), status: 408 }
    case 'overloaded':
      return overloaded('bytes of bodies')
    case 'gone':
      return badRequest('unexpected EOF')
  }
}

/** Says that there is too much of something. */
export function overloaded(what: string): ErrorForm {
  const details = { what, retryAfterMs: 1_000 }
  return failureForm(new RoomserverError('OVERLOADED', details, `too many ${what} at once; try again later`))
}
