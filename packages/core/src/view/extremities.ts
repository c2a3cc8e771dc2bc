import type { EventId, EventNid, EventRecord, SnapshotNid } from '@roomserver/types'

/** A forward extremity, with what every decision on its room reads of it. */
export type Extremity = Pick<EventRecord, 'nid' | 'eventId' | 'depth' | 'after'>

/**
 * The forward extremities of a room, in their order. They go from one decision to the next, so that a room with many of them
 * does not look all of them up for every event.
 */
export class Extremities {
  /** As the room has them. */
  readonly nids: readonly EventNid[]
  readonly #all: readonly Extremity[]
  #states: ReadonlySet<SnapshotNid> | undefined

  constructor(all: readonly Extremity[]) {
    this.#all = all
    this.nids = all.map(({ nid }) => nid)
  }

  /** Of events, of which no more is kept than is needed. */
  static of(events: readonly EventRecord[]): Extremities {
    return new Extremities(events.map(extremityOf))
  }

  get ids(): readonly EventId[] {
    return this.#all.map(({ eventId }) => eventId)
  }

  /** The states after them. */
  get states(): ReadonlySet<SnapshotNid> {
    return (this.#states ??= new Set(this.#all.map(({ after }) => after)))
  }

  /** The greatest of theirs. */
  get depth(): number {
    return this.#all.reduce((greatest, { depth }) => Math.max(greatest, depth), Number.NEGATIVE_INFINITY)
  }

  /** What they take, in bytes (an estimate). */
  get bytes(): number {
    return 200 + this.#all.length * 250
  }

  /** Whether these are the ones with such NIDs. */
  are(nids: readonly EventNid[]): boolean {
    if (nids === this.nids) return true
    return nids.length === this.nids.length && nids.every((nid, place) => nid === this.nids[place])
  }

  /** All but some. */
  without(replaced: ReadonlySet<EventNid>): Extremities {
    return new Extremities(this.#all.filter(({ nid }) => !replaced.has(nid)))
  }

  /**
   * At most so many, as far as there are others with the same state after them: the last ones of those are left out, which came
   * first. The states after them stay the same.
   */
  limitedTo(most: number): Extremities {
    let excess = this.#all.length - most
    if (excess <= 0) return this
    const counts = new Map<SnapshotNid, number>()
    for (const { after } of this.#all) counts.set(after, (counts.get(after) ?? 0) + 1)
    const kept: Extremity[] = []
    for (const extremity of this.#all.toReversed()) {
      const count = counts.get(extremity.after) ?? 0
      if (excess > 0 && count > 1) {
        excess--
        counts.set(extremity.after, count - 1)
      } else kept.push(extremity)
    }
    return new Extremities(kept.reverse())
  }

  /** These behind another one. */
  behind(event: EventRecord): Extremities {
    return new Extremities([extremityOf(event), ...this.#all])
  }
}

function extremityOf({ nid, eventId, depth, after }: EventRecord): Extremity {
  return { nid, eventId, depth, after }
}
