import type { NatsConnection } from '@nats-io/nats-core'
import { WakeUp } from './wake-up.ts'

/** What a link needs of a connection. */
type Connection = Pick<NatsConnection, 'status' | 'isClosed'>

/** Hears of a connection that it was lost, and that it is back. */
interface LinkListener {
  readonly lost?: () => void
  readonly back?: () => void
}

const links = new WeakMap<Connection, NatsLink>()

/** The link of a connection: one for all that use it. */
export function linkOf(connection: Connection): NatsLink {
  const link = links.get(connection) ?? new NatsLink(connection)
  links.set(connection, link)
  return link
}

/**
 * Whether a connection stands, which reconnects by itself. Meanwhile the client drops what it is given to send, and answers
 * that were under way do not come any more: whoever waits for one waits until its time is over.
 */
class NatsLink {
  readonly #connection: Connection
  readonly #listeners = new Set<LinkListener>()
  readonly #changed = new WakeUp()
  #isUp = true

  constructor(connection: Connection) {
    this.#connection = connection
    void this.#watch()
  }

  get isUp(): boolean {
    return this.#isUp && !this.#connection.isClosed()
  }

  /** Hears of changes for as long as the connection is used. */
  hear(listener: LinkListener): void {
    this.#listeners.add(listener)
  }

  /** Asks something whose answer may be given up. @throws {Error} at once when there is no connection, or it is lost meanwhile */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    if (!this.isUp) throw connectionLost()
    const given = Promise.withResolvers<never>()
    const listener = { lost: () => given.reject(connectionLost()) }
    this.#listeners.add(listener)
    try {
      return await Promise.race([question(), given.promise])
    } finally {
      this.#listeners.delete(listener)
    }
  }

  /** Waits until there is a connection, it is closed for good, or `signal` is aborted. */
  async whenUp(signal: AbortSignal): Promise<void> {
    while (!this.#isUp && !this.#connection.isClosed() && !signal.aborted) {
      await this.#changed.wait(LOOK_MS, signal)
    }
  }

  /** Ends by itself when the connection is closed. */
  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect' || type === 'staleConnection') this.#change(false)
      if (type === 'reconnect') this.#change(true)
    }
    this.#change(false)
    this.#changed.call()
  }

  #change(isUp: boolean): void {
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    for (const { back, lost } of this.#listeners) (isUp ? back : lost)?.()
    this.#changed.call()
  }
}

/** Only bounds a wait; changes end it. */
const LOOK_MS = 60_000

/** What whoever waits for an answer is told. */
export function connectionLost(): Error {
  return new Error('the connection was lost')
}
