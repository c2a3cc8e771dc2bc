import { setTimeout as delay } from 'node:timers/promises'
import { type CallContext, type Endpoint, encode } from '@roomserver/api'
import { type Clock, RoomserverError, systemClock } from '@roomserver/types'
import { decodeBody } from '../decode-body.ts'
import { failureOfAnswer } from './answer-failure.ts'
import type { Tracing } from '../tracing.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { h2cTransport } from './h2c-transport.ts'
import { http1Transport } from './http1-transport.ts'
import { parsePeerAddress } from './peer-address.ts'
import { abandoned, type PeerAnswer, type Transport, TransportFault } from './transport.ts'

/** How a peer is spoken to. */
export interface PeerOptions {
  /** Default `h2c`, which the reference's components speak as well. */
  readonly protocol?: 'h2c' | 'http/1.1' | undefined
  readonly token?: string | undefined
  /** For an answer, where the operation does not say otherwise. */
  readonly timeoutMs?: number | undefined
  /** How often a repeatable request is sent again when the connection failed. */
  readonly retries?: number | undefined
  /** Failures in a row after which the peer is left alone, and for how long. */
  readonly breaker?: { readonly failures: number; readonly restMs: number } | undefined
  /** Longest answer that is taken. */
  readonly maxAnswerBytes?: number | undefined
  readonly clock?: Clock | undefined
  /** Waits between two attempts; a timer that holds no process up when left out. */
  readonly pause?: ((ms: number) => Promise<void>) | undefined
  readonly tracing?: Tracing | undefined
  /** Told of each call that is over. */
  readonly observe?: ((call: ObservedCall) => void) | undefined
}

/** A call of another component that is over. */
export interface ObservedCall {
  readonly component: string
  readonly operation: string
  readonly tookMs: number
  readonly result: CallResult
}

/**
 * - `refused`: answered with a failure, its own or that of another server
 * - `failed`: there was no valid answer
 * - `cancelled`: whoever asked did not want the answer any more
 */
export type CallResult = 'ok' | 'refused' | 'failed' | 'cancelled'

/** What sending has to know of an operation. */
type Sending = Pick<Endpoint, 'path' | 'timeoutMs' | 'repeatable'>

type Headers = Readonly<Record<string, string>>

/** What is sent, again and again if need be. */
interface Message {
  readonly body: string
  readonly headers: Headers
}

const FIRST_PAUSE_MS = 100

/** One component that is asked over HTTP: time limits, careful repetition, and a breaker. */
export class Peer {
  readonly #component: string
  readonly #basePath: string
  readonly #transport: Transport
  readonly #breaker: CircuitBreaker
  readonly #options: PeerOptions

  /** @throws {TypeError} when the URL is none */
  constructor(component: string, url: string, options: PeerOptions) {
    const address = parsePeerAddress(url)
    this.#component = component
    this.#basePath = address.basePath
    this.#transport = options.protocol === 'http/1.1' ? http1Transport(address) : h2cTransport(address)
    this.#breaker = new CircuitBreaker(
      options.breaker ?? { failures: 5, restMs: 5_000 },
      options.clock ?? systemClock,
    )
    this.#options = options
  }

  /** Asks. @throws {RoomserverError} the peer's failure, or `COMPONENT_FAILED` if there is no valid answer */
  call<Request, Response>(
    operation: string,
    endpoint: Endpoint<Request, Response>,
    request: Request,
    context: CallContext = {},
  ): Promise<Response> {
    const { tracing } = this.#options
    if (tracing === undefined) return this.#ask(operation, endpoint, request, context, {})
    return tracing.call(this.#component, operation, (traceparent) => {
      return this.#ask(operation, endpoint, request, context, { traceparent })
    })
  }

  async #ask<Request, Response>(
    operation: string,
    endpoint: Endpoint<Request, Response>,
    request: Request,
    context: CallContext,
    headers: Headers,
  ): Promise<Response> {
    const start = performance.now()
    let result: CallResult = 'failed'
    try {
      const body = encode(endpoint.request, request)
      const answer = await this.#persist(operation, endpoint, { body, headers }, context)
      if (answer.status !== 200) {
        result = 'refused'
        throw failureOfAnswer(answer, this.#component, operation)
      }
      const decoded = await decodeBody(endpoint.response, answer.body)
      if (!decoded.ok) throw this.#failed(operation, `could not decode its answer: ${decoded.message}`)
      result = 'ok'
      return decoded.value
    } catch (error) {
      if (result === 'failed' && context.signal?.aborted === true) result = 'cancelled'
      throw error
    } finally {
      const tookMs = performance.now() - start
      this.#options.observe?.({ component: this.#component, operation, tookMs, result })
    }
  }

  /** Finishes what is under way and closes the connections. */
  async close(): Promise<void> {
    await this.#transport.close()
  }

  /** Sends the request, again where that is safe and promising. */
  async #persist(
    operation: string,
    endpoint: Sending,
    message: Message,
    context: CallContext,
  ): Promise<PeerAnswer> {
    const attempts = 1 + (this.#options.retries ?? 2)
    for (let attempt = 1; ; attempt++) {
      if (!this.#breaker.admits())
        throw this.#failed(operation, 'it has not answered recently; requests are paused')
      const answer = await this.#attempt(endpoint, message, context)
      const isLast = attempt >= attempts
      if (!(answer instanceof TransportFault)) {
        if (answer.status !== 503 || isLast) return answer
      } else if (isLast || !mayRepeat(answer, endpoint.repeatable)) {
        throw this.#failed(operation, answer.message, answer)
      }
      await this.#pause(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()))
    }
  }

  async #pause(ms: number): Promise<void> {
    await (this.#options.pause?.(ms) ?? delay(ms, undefined, { ref: false }))
  }

  async #attempt(
    { path, timeoutMs }: Sending,
    { body, headers }: Message,
    context: CallContext,
  ): Promise<PeerAnswer | TransportFault> {
    const { token, maxAnswerBytes = 512 * 1024 * 1024 } = this.#options
    if (context.signal?.aborted === true) {
      this.#breaker.undecided()
      return abandoned()
    }
    try {
      const answer = await this.#transport.exchange({
        path: `${this.#basePath}/api${path}`,
        body,
        headers: {
          ...headers,
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        timeoutMs: timeoutMs ?? this.#options.timeoutMs ?? 60_000,
        maxAnswerBytes,
        signal: context.signal,
      })
      this.#breaker.succeeded()
      return answer
    } catch (error) {
      if (!(error instanceof TransportFault)) {
        this.#breaker.undecided()
        throw error
      }
      if (error.kind === 'abandoned' || error.kind === 'too-long') this.#breaker.undecided()
      else this.#breaker.failed()
      return error
    }
  }

  #failed(operation: string, reason: string, cause?: Error): RoomserverError {
    const message = `${this.#component} failed ${operation}: ${reason}`
    const details = { component: this.#component, operation, reason }
    return new RoomserverError('COMPONENT_FAILED', details, message, { cause })
  }
}

function mayRepeat(fault: TransportFault, repeatable: boolean): boolean {
  if (fault.kind === 'unreached') return true
  return repeatable && fault.kind === 'broken'
}
