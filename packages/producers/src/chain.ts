import type { Acknowledgement, Bus } from './bus.ts'
import { messageIdInPlaceOf, type OutputMessage } from './outbox.ts'

/** How far publishing got. */
export interface Published {
  /** How many messages, from the first on, the bus has stored. */
  readonly acknowledged: number
  /** Their numbers in the stream. */
  readonly sequences: readonly number[]
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
  readonly #purged: number
  #width: number
  /** The latest number in the stream, as long as that is certain. */
  #last: number | undefined
  /** The highest number that there was. */
  #highest = 0

  /** @param purged - messages up to this number were purged: the bus may know their IDs, and has them no more */
  constructor(bus: Bus, widest: number, purged = 0) {
    this.#bus = bus
    this.#widest = widest
    this.#width = widest
    this.#purged = purged
  }

  /** Publishes until all are stored or one fails twice. Never throws. */
  async publish(messages: readonly OutputMessage[]): Promise<Published> {
    const sequences: number[] = []
    let retried = -1
    while (sequences.length < messages.length) {
      const window = messages.slice(sequences.length, sequences.length + this.#width)
      const { stored, failure } = await this.#publishWindow(window)
      sequences.push(...stored)
      if (stored.length === window.length) {
        this.#width = Math.min(this.#widest, this.#width * 2)
        continue
      }
      this.#width = 1
      this.#last = undefined
      if (retried === sequences.length) return { acknowledged: sequences.length, sequences, failure }
      retried = sequences.length
    }
    return { acknowledged: sequences.length, sequences }
  }

  async #publishWindow(
    window: readonly OutputMessage[],
  ): Promise<{ readonly stored: readonly number[]; readonly failure?: unknown }> {
    let last: number
    try {
      last = this.#last ?? (await this.#askLast())
    } catch (failure) {
      return { stored: [], failure }
    }
    const sent = window.map((message, index) => this.#publish(message, last + index))
    const results = await Promise.allSettled(sent)
    const broken = results.findIndex((result) => result.status === 'rejected')
    const tail = results.at(-1)
    const isCertain = tail?.status === 'fulfilled' && !tail.value.isDuplicate
    this.#last = isCertain ? tail.value.sequence : undefined
    const stored = results.slice(0, broken < 0 ? results.length : broken).flatMap((result) => {
      return result.status === 'fulfilled' ? [result.value.sequence] : []
    })
    this.#highest = Math.max(this.#highest, ...stored)
    if (broken < 0) return { stored }
    const result = results[broken]
    return { stored, failure: result?.status === 'rejected' ? result.reason : undefined }
  }

  /** What the bus takes for a repeat of a copy that was purged gets an ID of its own; waiting until that is forgotten would hold up all. */
  async #publish(message: OutputMessage, after: number): Promise<Acknowledgement> {
    let answer = await this.#bus.publish(message, after)
    for (let lost = 0; answer.isDuplicate && answer.sequence <= this.#purged; ) {
      if (answer.sequence <= lost)
        throw new Error('the message server takes an output for a repeat of one that it never had')
      lost = answer.sequence
      answer = await this.#bus.publish({ ...message, id: messageIdInPlaceOf(message.id, lost) }, after)
    }
    return answer
  }

  /** A stream that went back has lost messages, which those that follow must not take the numbers of. */
  async #askLast(): Promise<number> {
    const last = await this.#bus.lastSequence()
    if (last < this.#highest) {
      throw new Error(`the stream is at ${last} and was at ${this.#highest}: it lost messages`)
    }
    this.#highest = last
    return last
  }
}
