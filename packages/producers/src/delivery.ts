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

/**
 * Knows repeats: in a room's outputs, numbered 1, 2, 3 …, a number that is not above the latest noted was there
 * before. IDs of another form are never repeats.
 */
export class RepeatFilter {
  readonly #latest = new Map<string, number>()
  readonly #capacity: number

  /** @param capacity - rooms remembered; beyond it the one that was silent the longest is forgotten */
  constructor(capacity = 100_000) {
    this.#capacity = capacity
  }

  isRepeat(id: string): boolean {
    const { roomId, seq } = parts(id)
    return seq <= (this.#latest.get(roomId) ?? 0)
  }

  /** Says that the message was dealt with. */
  note(id: string): void {
    const { roomId, seq } = parts(id)
    if (Number.isNaN(seq)) return
    const latest = Math.max(seq, this.#latest.get(roomId) ?? 0)
    this.#latest.delete(roomId)
    this.#latest.set(roomId, latest)
    const [oldest] = this.#latest.keys()
    if (this.#latest.size > this.#capacity && oldest !== undefined) this.#latest.delete(oldest)
  }
}

function parts(id: string): { roomId: string; seq: number } {
  const slash = id.lastIndexOf('/')
  return { roomId: id.slice(0, slash), seq: slash < 0 ? Number.NaN : Number(id.slice(slash + 1)) }
}
