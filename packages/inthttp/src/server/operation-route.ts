import {
  type CallContext,
  type Decoded,
  type DecodeLimits,
  type Endpoint,
  MAX_LIST_ENTRIES,
} from '@roomserver/api'
import { isFailure, type Logger, type LoopShare } from '@roomserver/types'
import type { RequestsUnderWay } from './requests-under-way.ts'
import type { Arrivals } from './arrivals.ts'
import { badRequest, type ErrorForm, failureForm, overloaded, unexpectedForm } from './error-form.ts'
import type { Exchange } from './exchange.ts'
import { isFailedAnswer } from './failed-answer.ts'
import type { Tracing } from '../tracing.ts'
import type { Limits } from './limits.ts'
import type { Answered } from './options.ts'
import { receive, type Unreceived } from './receive.ts'
import { roomOfRequest } from './room-of-request.ts'
import type { RunningRequests } from './running-requests.ts'
import { sendAnswer } from './send-answer.ts'
import type { SmallPieces } from './small-pieces.ts'

/** What all operations share. */
export interface Shared {
  readonly limits: Limits
  /** Requests whose bodies arrive, and what is held of all bodies. */
  readonly arrivals: Arrivals
  readonly smallPieces: SmallPieces
  /** The share of the event loop for reading long bodies and making long answers. */
  readonly share: LoopShare
  readonly underWay: RequestsUnderWay
  readonly log: Logger
  readonly observe: (answered: Answered) => void
  readonly tracing: Tracing | undefined
  readonly running: RunningRequests
}

/** An operation: how it looks on the wire, and what does it. */
export interface Operation {
  readonly name: string
  readonly endpoint: Endpoint
  readonly call: (request: unknown, context: CallContext) => Promise<unknown>
}

/** Takes a request for an operation and answers it. Never rejects. */
export type OperationHandler = (exchange: Exchange) => Promise<void>

/** Whoever waits for an answer, from the beginning of the request on. */
class Caller {
  readonly #gone = new AbortController()
  isAnswered = false
  isFailed = false
  roomId: string | undefined
  traceId: string | undefined

  /** Says that the caller went away before the answer began. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  close(): void {
    if (!this.isAnswered) this.#gone.abort()
  }
}

/** Makes the handler of one operation. Like the reference it takes any method, and looks at no content type. */
export function operationHandler(operation: Operation, shared: Shared): OperationHandler {
  return async (exchange) => {
    const start = performance.now()
    const caller = new Caller()
    shared.underWay.begin()
    exchange.onceClosed(() => {
      shared.underWay.end()
      caller.close()
      const tookMs = performance.now() - start
      const { isFailed, roomId, traceId } = caller
      const { id: requestId, status } = exchange
      shared.observe({ operation: operation.name, status, tookMs, isFailed, requestId, roomId, traceId })
    })
    try {
      await takeRequest(operation, shared, exchange, caller)
    } catch (error) {
      shared.log.error({ request_id: exchange.id, err: error }, 'unexpected failure of a request')
      exchange.fail(unexpectedForm(exchange.id))
    }
  }
}

/** Receives a request and has it answered. Only what has arrived as a whole is work in progress. */
async function takeRequest(
  operation: Operation,
  shared: Shared,
  exchange: Exchange,
  caller: Caller,
): Promise<void> {
  const { limits, arrivals, smallPieces, share, running } = shared
  const { connection } = exchange
  const maxBytes = Math.min(limits.maxBodyBytes, operation.endpoint.maxBodyBytes)
  const received = await receive<unknown>(exchange.body, operation.endpoint.request, {
    maxBytes,
    saidBytes: saidLength(exchange),
    timeoutMs: limits.requestTimeoutMs,
    limits: decodeLimits(maxBytes),
    arrivals,
    smallPieces,
    connection,
    share,
  })
  if (received.kind === 'too-long')
    return await sendTooLarge(operation, shared, `body exceeds ${maxBytes} bytes`, exchange)
  if (received.kind === 'fragmented')
    return exchange.turnAwayConnection(badRequest('body comes in too many small pieces'))
  if (received.kind !== 'whole') return exchange.turnAway(refusal(received.kind, limits))
  const { decoded, release } = received
  try {
    if (!decoded.ok && decoded.isTooLarge === true)
      return await sendTooLarge(operation, shared, decoded.message, exchange)
    if (!running.begin(connection)) return exchange.fail(overloaded('requests'))
    try {
      await answer(operation, shared, decoded, exchange, caller)
    } finally {
      running.end(connection)
    }
  } finally {
    release()
  }
}

/** What a body may become in memory: half as much again as its greatest length, and somewhat more than the short ones have. */
function decodeLimits(maxBytes: number): DecodeLimits {
  return { maxListEntries: MAX_LIST_ENTRIES, maxHeldBytes: Math.max(LEAST_HELD_BYTES, 1.5 * maxBytes) }
}

const LEAST_HELD_BYTES = 4 * 1024 * 1024

function saidLength({ headers }: Exchange): number | undefined {
  const said = headers['content-length']
  return said === undefined ? undefined : Number(said)
}

/** Tells that a request asks for what cannot be: in the answer, where its callers look for that. */
async function sendTooLarge(
  { endpoint }: Operation,
  { limits, share, underWay }: Shared,
  message: string,
  exchange: Exchange,
): Promise<void> {
  if (endpoint.refuse === undefined) return exchange.turnAway({ ...badRequest(message), status: 413 })
  exchange.dropRest()
  const sending = {
    stallMs: limits.answerStallMs,
    onBroken: () => undefined,
    gone: new AbortController().signal,
    share,
    underWay,
  }
  await sendAnswer(exchange, endpoint.response, endpoint.refuse(message), sending)
}

async function answer(
  { name, endpoint, call }: Operation,
  { log, limits, tracing, share, underWay }: Shared,
  decoded: Decoded<unknown>,
  exchange: Exchange,
  caller: Caller,
): Promise<void> {
  if (!decoded.ok) return exchange.fail(badRequest(decoded.message))
  const { gone } = caller
  const roomId = roomOfRequest(decoded.value)
  caller.roomId = roomId
  try {
    const work = (traceId?: string) => {
      caller.traceId = traceId
      return call(decoded.value, { signal: gone, givesRequest: true })
    }
    const traceparent = oneOf(exchange.headers['traceparent'])
    const value = await (tracing === undefined
      ? work()
      : tracing.operation({ name, traceparent, roomId }, work))
    caller.isFailed = isFailedAnswer(value)
    const onBroken = (error: unknown) =>
      log.error(
        { operation: name, request_id: exchange.id, err: error },
        'could not complete the answer; closed the stream',
      )
    const sending = { stallMs: limits.answerStallMs, onBroken, gone, share, underWay }
    await sendAnswer(exchange, endpoint.response, value, sending)
  } catch (error) {
    if (isFailure(error)) return exchange.fail(failureForm(error))
    if (!gone.aborted) {
      log.error(
        { operation: name, request_id: exchange.id, err: error },
        'unexpected failure of an operation',
      )
    }
    exchange.fail(unexpectedForm(exchange.id))
  } finally {
    caller.isAnswered = true
  }
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function refusal(kind: Exclude<Unreceived, 'too-long' | 'fragmented'>, limits: Limits): ErrorForm {
  switch (kind) {
    case 'too-slow':
      return { ...badRequest(`body not received in ${limits.requestTimeoutMs} ms`), status: 408 }
    case 'idle':
      return { ...badRequest(`the body arrived too slowly for ${limits.bodyIdleMs} ms`), status: 408 }
    case 'overloaded':
      return overloaded('bytes of bodies')
    case 'gone':
      return badRequest('unexpected EOF')
  }
}
