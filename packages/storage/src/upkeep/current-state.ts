import {
  type BlockRecord,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  isFailure,
  NO_NID,
  type RoomRecord,
  type StateKeyNid,
} from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { BLOCKS_AT_A_TIME } from './check-state.ts'
import { chunks } from './pages.ts'

/** The current state of a room, as far as the parts of it can be read. */
export class CurrentState {
  readonly #entries = new Map<EventTypeNid, Map<StateKeyNid, EventNid>>()

  /** Puts entries over those that are there. */
  add({ entries }: BlockRecord): void {
    for (let at = 0; at + 2 < entries.length; at += 3) {
      const type = entries[at] as EventTypeNid
      const ofType = this.#entries.get(type) ?? new Map<StateKeyNid, EventNid>()
      this.#entries.set(type, ofType)
      const [key, event] = [entries[at + 1] as StateKeyNid, entries[at + 2] as EventNid]
      if (event === NO_NID) ofType.delete(key)
      else ofType.set(key, event)
    }
  }

  entry(type: EventTypeNid, key: StateKeyNid): EventNid {
    return this.#entries.get(type)?.get(key) ?? NO_NID
  }

  has({ typeNid, stateKeyNid, nid }: EventRecord): boolean {
    return this.entry(typeNid, stateKeyNid) === nid
  }

  /** Entries of one type by their state key. */
  ofType(type: EventTypeNid | undefined): ReadonlyMap<StateKeyNid, EventNid> {
    return (type !== undefined && this.#entries.get(type)) || new Map<StateKeyNid, EventNid>()
  }

  *entries(): Generator<readonly [EventTypeNid, StateKeyNid, EventNid], void, void> {
    for (const [type, ofType] of this.#entries) for (const [key, event] of ofType) yield [type, key, event]
  }
}

/** Reads the current state of a room, nothing of a stub; `undefined` where it cannot be read, which is found elsewhere. */
export async function currentState(
  db: Db,
  tables: Tables,
  room: RoomRecord,
): Promise<CurrentState | undefined> {
  if (room.current === NO_NID) return new CurrentState()
  try {
    const [snapshot] = await tables.snapshots.byNids(db, [room.current])
    if (snapshot === undefined) return undefined
    const blocks = new Map<number, BlockRecord>()
    for await (const chunk of chunks(snapshot.blocks, BLOCKS_AT_A_TIME))
      for (const block of await tables.blocks.byNids(db, chunk)) blocks.set(block.nid, block)
    const state = new CurrentState()
    for (const nid of snapshot.blocks) {
      const block = blocks.get(nid)
      if (block === undefined) return undefined
      state.add(block)
    }
    return state
  } catch (error) {
    if (isFailure(error, 'STORE_DAMAGED')) return undefined
    throw error
  }
}
