import type { Bus } from './bus.ts'
import type { OutputMessage } from './outbox.ts'

/** How far publishing got. */
export interface Published {
  /** How many messages, from the first on, the bus has stored. */
  readonly acknowledged: number
  /** Why it went no further. */
  readonly failure?: unknown
}

/**
 * Publishes messages in order with many on their way at once. Each names its predecessor's number in the stream, so
 * the bus refuses everything behind a message that got lost. After a failure it feels its way with single messages,
 * then widens the window again.
 */
export class PublishChain {
  readonly #bus: Bus
  readonly #widest: number
  #width: number
  /** The latest number in the stream, as long as that is certain. */
  #last: number | undefined

  constructor(bus: Bus, widest: number) {
    this.#bus = bus
    this.#widest = widest
    this.#width = widest
  }

  /** Publishes until all are stored or one fails twice. Never throws. */
  async publish(messages: readonly OutputMessage[]): Promise<Published> {
    let acknowledged = 0
    let retried = -1
    while (acknowledged < messages.length) {
      const window = messages.slice(acknowledged, acknowledged + this.#width)
      const { stored, failure } = await this.#publishWindow(window)
      acknowledged += stored
      if (stored === window.length) {
        this.#width = Math.min(this.#widest, this.#width * 2)
        continue
      }
      this.#width = 1
      this.#last = undefined
      if (retried === acknowledged) return { acknowledged, failure }
      retried = acknowledged
    }
    return { acknowledged }
  }

  async #publishWindow(window: readonly OutputMessage[]): Promise<{ stored: number; failure?: unknown }> {
    let last: number
    try {
      last = this.#last ?? (await this.#bus.lastSequence())
    } catch (failure) {
      return { stored: 0, failure }
    }
    const sent = window.map((message, index) => this.#bus.publish(message, last + index))
    const results = await Promise.allSettled(sent)
    const broken = results.findIndex((result) => result.status === 'rejected')
    const tail = results.at(-1)
    const isCertain = tail?.status === 'fulfilled' && !tail.value.isDuplicate
    this.#last = isCertain ? tail.value.sequence : undefined
    if (broken < 0) return { stored: window.length }
    const result = results[broken]
    return { stored: broken, failure: result?.status === 'rejected' ? result.reason : undefined }
  }
}
