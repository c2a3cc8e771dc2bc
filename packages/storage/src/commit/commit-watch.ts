import type { EventNid, RoomNid, SnapshotNid, WriteSet } from '@roomserver/types'

/** What was stored in a room since it was last asked for. */
export interface StoredSince {
  /** New events. */
  readonly events: ReadonlySet<EventNid>
  /** States that events got, new ones and such as were stored before, and that the room got. */
  readonly states: ReadonlySet<SnapshotNid>
}

interface Noted {
  readonly events: Set<EventNid>
  readonly states: Set<SnapshotNid>
}

/**
 * Tells long work on a room what is stored in it meanwhile, where no other process stores anything: else the work would have
 * to read the whole room again and again.
 */
export class CommitWatch {
  readonly #watches = new Map<RoomNid, Set<Noted>>()

  /**
   * To be called before the write sets are stored. What is not stored after all is told of as well; and what is told of too
   * early is not stored: the revision that it was decided on has gone by.
   */
  note(writeSets: readonly WriteSet[]): void {
    if (this.#watches.size === 0) return
    for (const { events, next, room, updates } of writeSets) {
      for (const noted of this.#watches.get(room.nid) ?? []) {
        for (const { nid } of events) noted.events.add(nid)
        for (const { after, before } of [...events, ...updates]) {
          if (before !== undefined) noted.states.add(before)
          if (after !== undefined) noted.states.add(after)
        }
        noted.states.add(next.current)
      }
    }
  }

  /** Begins to note what is stored in a room. Whoever takes it in a transaction knows everything that is stored by then. */
  watch(room: RoomNid): Disposable & { take(): StoredSince } {
    const watches = this.#watches.get(room) ?? new Set()
    let noted: Noted = { events: new Set(), states: new Set() }
    this.#watches.set(room, watches.add(noted))
    return {
      take: () => {
        const taken = noted
        watches.delete(taken)
        noted = { events: new Set(), states: new Set() }
        watches.add(noted)
        return taken
      },
      [Symbol.dispose]: () => {
        watches.delete(noted)
        if (watches.size === 0 && this.#watches.get(room) === watches) this.#watches.delete(room)
      },
    }
  }
}
