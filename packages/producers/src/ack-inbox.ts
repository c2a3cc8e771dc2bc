import { createInbox, type MsgHdrs, type NatsConnection } from '@nats-io/nats-core'
import type { Acknowledgement } from './bus.ts'

/** What the inbox needs of a connection. */
type AckConnection = Pick<NatsConnection, 'subscribe' | 'publish' | 'closed'>

interface Waiting {
  readonly until: number
  readonly resolve: (acknowledgement: Acknowledgement) => void
  readonly reject: (error: Error) => void
}

/** What JetStream answers to a message. */
interface Answer {
  readonly seq?: number
  readonly duplicate?: boolean
  readonly error?: { readonly description?: string }
}

/**
 * Publishes messages and takes JetStream's answers to all of them by one subscription, with one timer. The client's own
 * way makes a request of each, with a timer and an error in stock, which takes more than twice as long.
 */
export class AckInbox {
  readonly #connection: AckConnection
  readonly #timeoutMs: number
  readonly #subject = createInbox()
  /** By the subject that they are answered to; the oldest comes first. */
  readonly #waiting = new Map<string, Waiting>()
  #published = 0
  #timer: NodeJS.Timeout | undefined

  constructor(connection: AckConnection, timeoutMs: number) {
    this.#connection = connection
    this.#timeoutMs = timeoutMs
    connection.subscribe(`${this.#subject}.*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message.subject, message.headers?.code, message.string())
      },
    })
    void connection.closed().then(() => this.giveUp(new Error('connection closed')))
  }

  /** Waits for no answer any more. */
  giveUp(error: Error): void {
    this.#end(Number.POSITIVE_INFINITY, error)
  }

  /** @throws {Error} when the message is not taken, or no answer comes in time */
  publish(subject: string, payload: string, headers: MsgHdrs): Promise<Acknowledgement> {
    return new Promise((resolve, reject) => {
      const reply = `${this.#subject}.${++this.#published}`
      this.#connection.publish(subject, payload, { headers, reply })
      this.#waiting.set(reply, { until: Date.now() + this.#timeoutMs, resolve, reject })
      this.#timer ??= setTimeout(() => this.#checkTime(), this.#timeoutMs)
    })
  }

  #take(subject: string, code: number | undefined, text: string): void {
    const waiting = this.#waiting.get(subject)
    if (waiting === undefined) return
    this.#waiting.delete(subject)
    // A message without content says what is wrong by its code; 503 is that nobody listens.
    const answer =
      text === '' ? { error: { description: `no stream accepts the subject (${code})` } } : answerOf(text)
    const { seq = 0, duplicate = false, error } = answer
    if (seq > 0 && error === undefined) waiting.resolve({ sequence: seq, isDuplicate: duplicate })
    else waiting.reject(new Error(error?.description ?? `unexpected answer: ${text.slice(0, 200)}`))
  }

  #checkTime(): void {
    this.#timer = undefined
    this.#end(Date.now(), new Error('timed out waiting for an answer'))
    const [oldest] = this.#waiting.values()
    if (oldest !== undefined) this.#timer = setTimeout(() => this.#checkTime(), oldest.until - Date.now())
  }

  /** Ends those whose time is over. */
  #end(now: number, error: Error): void {
    for (const [reply, { until, reject }] of this.#waiting) {
      if (until > now) break
      this.#waiting.delete(reply)
      reject(error)
    }
    if (this.#waiting.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

function answerOf(text: string): Answer {
  try {
    return (JSON.parse(text) as Answer | null) ?? {}
  } catch {
    return {}
  }
}
