/** An output as a consumer gets it, whichever way it came. */
export interface Delivery {
  /** `<room_id>/<seq>`; a repeat has the same. */
  readonly id: string
  readonly roomId: string
  /** An OutputEvent as JSON. */
  readonly payload: string
  /** Says that it was dealt with: it will not come again, even after a restart. */
  ack(): Promise<void>
}

/** Drops repeats: in a room's outputs, numbered 1, 2, 3 …, a number that is not above the latest was seen before. */
export class RepeatFilter {
  readonly #latest = new Map<string, number>()
  readonly #capacity: number

  /** @param capacity - rooms remembered; beyond it the one that was silent the longest is forgotten */
  constructor(capacity = 100_000) {
    this.#capacity = capacity
  }

  /** Whether the message was seen before; if not, it counts as seen from now on. */
  isRepeat(id: string): boolean {
    const slash = id.lastIndexOf('/')
    const roomId = id.slice(0, slash)
    const seq = Number(id.slice(slash + 1))
    const latest = this.#latest.get(roomId) ?? 0
    this.#latest.delete(roomId)
    this.#latest.set(roomId, Math.max(seq, latest))
    const [oldest] = this.#latest.keys()
    if (this.#latest.size > this.#capacity && oldest !== undefined) this.#latest.delete(oldest)
    return seq <= latest
  }
}
