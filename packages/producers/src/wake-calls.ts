import { setTimeout as wait } from 'node:timers/promises'
import type { NatsConnection, Subscription } from '@nats-io/nats-core'
import { connectNats, type JetStreamOptions } from './jetstream.ts'

/** Calls between processes that share an outbox: the one that commits outputs wakes the one that delivers them. */
export interface WakeCalls extends AsyncDisposable {
  /**
   * Calls whoever listens. Calls that come while one is on its way become one more. One that is lost, as when the
   * message server is away, costs only the time until the relay looks by itself.
   */
  call(): void
  /** Hears the calls of others until what it returns is disposed of. */
  listen(onCall: () => void): Disposable
}

/**
 * Opens a connection of its own for the calls, as soon as there is one; until then calls are lost.
 *
 * @param retryMs - between attempts to connect
 */
export function openWakeCalls(options: JetStreamOptions, retryMs = RETRY_MS): WakeCalls {
  const calls = new NatsCalls(`${options.topicPrefix}RoomserverWakeUp`)
  const stop = new AbortController()
  const opening = connectAtLast(options, retryMs, stop.signal).then((connection) => calls.open(connection))
  return {
    call: () => calls.call(),
    listen: (onCall) => calls.listen(onCall),
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
  readonly #listeners = new Set<() => void>()
  #connection: NatsConnection | undefined
  #subscription: Subscription | undefined
  #isCalling = false
  #isCalledAgain = false

  constructor(subject: string) {
    this.#subject = subject
  }

  open(connection: NatsConnection | undefined): void {
    this.#connection = connection
    this.#subscribe()
  }

  listen(onCall: () => void): Disposable {
    this.#listeners.add(onCall)
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
      this.#subscription?.unsubscribe()
      this.#subscription = undefined
      return
    }
    this.#subscription ??= connection.subscribe(this.#subject, {
      callback: () => {
        for (const onCall of this.#listeners) onCall()
      },
    })
  }
}
