import type { OutboxRow } from './outbox.ts'

/** Of how many rooms it is remembered up to where they were delivered. */
const MAX_ROOMS = 10_000

interface Waiting {
  readonly seq: number
  readonly settle: (isDelivered: boolean) => void
}

/** Up to where the outputs of rooms were delivered lately, and who waits for that. */
export class Deliveries {
  /** The number of the last delivered output, by room; the least recently used rooms first. */
  readonly #last = new Map<string, number>()
  readonly #waiting = new Map<string, Set<Waiting>>()

  /** The bus has stored these, of each room in order. */
  add(rows: readonly OutboxRow[]): void {
    for (const { roomId, seq } of rows) {
      this.#last.delete(roomId)
      this.#last.set(roomId, seq)
      for (const one of this.#waiting.get(roomId) ?? []) if (one.seq <= seq) one.settle(true)
    }
    for (const roomId of this.#last.keys()) {
      if (this.#last.size <= MAX_ROOMS) return
      this.#last.delete(roomId)
    }
  }

  /**
   * Waits until an output of a room is delivered.
   *
   * @returns whether it was in time
   */
  async wait(roomId: string, seq: number, timeoutMs: number): Promise<boolean> {
    if ((this.#last.get(roomId) ?? 0) >= seq) return true
    const waiting = this.#waiting.get(roomId) ?? new Set()
    this.#waiting.set(roomId, waiting)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const one: Waiting = { seq, settle: resolve }
    const timer = setTimeout(() => resolve(false), timeoutMs)
    waiting.add(one)
    const isDelivered = await promise
    clearTimeout(timer)
    waiting.delete(one)
    if (waiting.size === 0 && this.#waiting.get(roomId) === waiting) this.#waiting.delete(roomId)
    return isDelivered
  }

  /** Nothing is going to be delivered soon: nobody waits any longer. */
  giveUp(): void {
    for (const waiting of this.#waiting.values()) for (const one of waiting) one.settle(false)
  }
}
