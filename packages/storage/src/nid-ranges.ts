import type { Nids } from '@roomserver/types'

interface Range {
  next: number
  end: number
  /** What the next range is to hold: more, the faster they are used up. */
  size: number
}

const FIRST_SIZE = 64
const LAST_SIZE = 8_192

/**
 * Hands out NIDs from ranges that it takes out of the counters table, so that hardly any of them costs a write. What
 * is left of a range when the process ends is lost, which NIDs can afford.
 */
export class NidRanges {
  readonly #take: (kind: keyof Nids, count: number) => Promise<number>
  readonly #ranges = new Map<keyof Nids, Range>()
  readonly #queues = new Map<keyof Nids, Promise<unknown>>()

  constructor(take: (kind: keyof Nids, count: number) => Promise<number>) {
    this.#take = take
  }

  /** `count` consecutive NIDs that nobody else gets; returns the first. */
  allocate<K extends keyof Nids>(kind: K, count: number): Promise<Nids[K]> {
    const before = this.#queues.get(kind) ?? Promise.resolve()
    const nid = before.then(() => this.#next(kind, count))
    this.#queues.set(
      kind,
      nid.catch(() => undefined),
    )
    return nid as Promise<Nids[K]>
  }

  async #next(kind: keyof Nids, count: number): Promise<number> {
    const range = this.#ranges.get(kind) ?? { next: 0, end: 0, size: FIRST_SIZE }
    this.#ranges.set(kind, range)
    if (range.end - range.next < count) await this.#refill(kind, range, count)
    const first = range.next
    range.next += count
    return first
  }

  async #refill(kind: keyof Nids, range: Range, count: number): Promise<void> {
    const size = Math.max(count, range.size)
    const first = await this.#take(kind, size)
    // A range that follows on what is left makes one with it.
    if (first !== range.end) range.next = first
    range.end = first + size
    range.size = Math.min(LAST_SIZE, range.size * 2)
  }
}
