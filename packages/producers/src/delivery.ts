import { parseMessageId } from './outbox.ts'

/** An output as a consumer gets it, whichever way it came. */
export interface Delivery {
  /** `<room_id>/<epoch>-<fingerprint>/<seq>`; a repeat has the same, or the same with `/again-<sequence>` behind it. */
  readonly id: string
  readonly roomId: string
  /** An OutputEvent as JSON. */
  readonly payload: string
  /** Says that it was dealt with: it will not come again, even after a restart. */
  ack(): Promise<void>
}

/** So many of the latest outputs of a room are known one by one. */
const KNOWN = 64

/** What was noted of a room in an epoch. */
interface Noted {
  /** Number → fingerprint, of the latest. */
  readonly latest: Map<number, string>
  /** Outputs up to this number count as repeats. */
  upTo: number
}

/**
 * Knows repeats: an output of a room that was noted, or that comes before those that are known one by one. One that comes
 * late, or that another one with its number preceded before a restore of the database, is not a repeat. IDs of another form
 * are never repeats.
 */
export class RepeatFilter {
  readonly #rooms = new Map<string, Noted>()
  readonly #capacity: number

  /** @param capacity - rooms remembered; beyond it the one that was silent the longest is forgotten */
  constructor(capacity = 100_000) {
    this.#capacity = capacity
  }

  isRepeat(id: string): boolean {
    const parts = parseMessageId(id)
    if (parts === undefined) return false
    const noted = this.#rooms.get(`${parts.roomId}/${parts.epoch}`)
    if (noted === undefined) return false
    return parts.seq <= noted.upTo || noted.latest.get(parts.seq) === parts.fingerprint
  }

  /** Says that the message was dealt with. */
  note(id: string): void {
    const parts = parseMessageId(id)
    if (parts === undefined) return
    const { roomId, epoch, fingerprint, seq } = parts
    const key = `${roomId}/${epoch}`
    const noted = this.#rooms.get(key) ?? { latest: new Map<number, string>(), upTo: seq - 1 }
    this.#rooms.delete(key)
    this.#rooms.set(key, noted)
    noted.latest.delete(seq)
    if (seq > noted.upTo) noted.latest.set(seq, fingerprint)
    const [first] = noted.latest.keys()
    if (noted.latest.size > KNOWN && first !== undefined) {
      noted.latest.delete(first)
      noted.upTo = Math.max(noted.upTo, first)
    }
    const [oldest] = this.#rooms.keys()
    if (this.#rooms.size > this.#capacity && oldest !== undefined) this.#rooms.delete(oldest)
  }
}
