import { setTimeout as wait } from 'node:timers/promises'
import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core'
import { connectNats, type JetStreamOptions } from './jetstream.ts'

/** Calls between processes that share an outbox: the one that commits outputs wakes the one that delivers them. */
export interface WakeCalls extends AsyncDisposable {
  /**
   * Calls whoever listens. Calls that come while one is on its way become one more. One that is lost, as when the
   * message server is away, costs only the time until the relay looks by itself.
   */
  call(): void
  /**
   * Asks whoever listens to say when an output of a room was delivered. `false` where nobody does, or not in time.
   */
  delivered(roomId: string, seq: number, timeoutMs: number): Promise<boolean>
  /** Hears the calls and questions of others until what it returns is disposed of. */
  listen(onCall: () => void, whenDelivered?: WhenDelivered): Disposable
}

/** Waits until an output of a room was delivered; tells whether it was in time. */
export type WhenDelivered = (roomId: string, seq: number, timeoutMs: number) => Promise<boolean>

/**
 * Opens a connection of its own for the calls, as soon as there is one; until then calls are lost.
 *
 * @param retryMs - between attempts to connect
 */
export function openWakeCalls(options: JetStreamOptions, retryMs = RETRY_MS): WakeCalls {
  const { topicPrefix } = options
  const calls = new NatsCalls(`${topicPrefix}RoomserverWakeUp`, `${topicPrefix}RoomserverDelivered`)
  const stop = new AbortController()
  const opening = connectAtLast(options, retryMs, stop.signal).then((connection) => calls.open(connection))
  return {
    call: () => calls.call(),
    delivered: (roomId, seq, timeoutMs) => calls.delivered(roomId, seq, timeoutMs),
    listen: (onCall, whenDelivered) => calls.listen(onCall, whenDelivered),
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await opening
      await calls.close()
    },
  }
}

const RETRY_MS = 1_000

/** Tries until there is a connection, or it is to stop. */
async function connectAtLast(
  options: JetStreamOptions,
  retryMs: number,
  signal: AbortSignal,
): Promise<NatsConnection | undefined> {
  while (!signal.aborted) {
    try {
      return await connectNats(options)
    } catch {
      await wait(retryMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
  return undefined
}

class NatsCalls {
  readonly #subject: string
  readonly #questions: string
  readonly #listeners = new Map<() => void, WhenDelivered | undefined>()
  #connection: NatsConnection | undefined
  #subscriptions: readonly Subscription[] = []
  #isCalling = false
  #isCalledAgain = false

  constructor(subject: string, questions: string) {
    this.#subject = subject
    this.#questions = questions
  }

  open(connection: NatsConnection | undefined): void {
    this.#connection = connection
    this.#subscribe()
  }

  async delivered(roomId: string, seq: number, timeoutMs: number): Promise<boolean> {
    const connection = this.#connection
    if (connection === undefined || connection.isClosed() || timeoutMs <= 0) return false
    const question: Question = { roomId, seq, timeoutMs }
    try {
      const answer = await connection.request(this.#questions, JSON.stringify(question), {
        timeout: timeoutMs,
      })
      return answer.string() === DELIVERED
    } catch {
      return false
    }
  }

  listen(onCall: () => void, whenDelivered?: WhenDelivered): Disposable {
    this.#listeners.set(onCall, whenDelivered)
    this.#subscribe()
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(onCall)
        this.#subscribe()
      },
    }
  }

  call(): void {
    this.#isCalledAgain = this.#isCalling
    if (!this.#isCalling) void this.#send()
  }

  async close(): Promise<void> {
    await this.#connection?.close()
  }

  /** The round trip bounds what piles up in the client while the message server is away: to one call. */
  async #send(): Promise<void> {
    const connection = this.#connection
    if (connection === undefined || connection.isClosed()) return
    this.#isCalling = true
    try {
      do {
        this.#isCalledAgain = false
        connection.publish(this.#subject)
        await connection.flush()
      } while (this.#isCalledAgain)
    } catch {
      // Lost, and the relay looks by itself.
    }
    this.#isCalling = false
  }

  /** Only who listens has the server send calls. */
  #subscribe(): void {
    const connection = this.#connection
    if (connection === undefined || connection.isClosed()) return
    if (this.#listeners.size === 0) {
      for (const subscription of this.#subscriptions) subscription.unsubscribe()
      this.#subscriptions = []
      return
    }
    if (this.#subscriptions.length > 0) return
    this.#subscriptions = [
      connection.subscribe(this.#subject, {
        callback: () => {
          for (const onCall of this.#listeners.keys()) onCall()
        },
      }),
      connection.subscribe(this.#questions, { callback: (_error, message) => void this.#answer(message) }),
    ]
  }

  async #answer(message: Msg): Promise<void> {
    try {
      const { roomId, seq, timeoutMs } = message.json<Question>()
      const [whenDelivered] = [...this.#listeners.values()].filter((one) => one !== undefined)
      const isDelivered = (await whenDelivered?.(roomId, seq, timeoutMs)) ?? false
      message.respond(isDelivered ? DELIVERED : '')
    } catch {
      // Who asked waits no longer than they said.
    }
  }
}

/** What processes ask each other, as JSON. */
interface Question {
  readonly roomId: string
  readonly seq: number
  readonly timeoutMs: number
}

const DELIVERED = 'delivered'
