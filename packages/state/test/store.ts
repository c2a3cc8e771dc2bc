import type { Pdu } from '@roomserver/events'
import {
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  FIRST_FREE_NID,
  finish,
  NO_NID,
  type RoomNid,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'
import { allEntries, eachEntry, type SnapshotReader, type StateMap, stateMap } from '../src/index.ts'
import { MemoryBlocks } from './memory-blocks.ts'
import type { TestRoom } from './room.ts'

/** What a store knows of an event besides the event. */
export interface StoredWith {
  /** The state before it; left out: it is not known. */
  readonly before?: SnapshotRecord | undefined
  /** Whether it enters the state after it; it does unless told otherwise. */
  readonly isIn?: boolean
  readonly isRejected?: boolean
  readonly roomNid?: number
}

/** A room as a store would have it, in memory: records by NID, snapshots over blocks that they share. */
export class TestStore extends MemoryBlocks implements SnapshotReader {
  readonly #records = new Map<EventNid, EventRecord>()
  readonly #pdus = new Map<EventNid, Pdu>()
  readonly #nids = new Map<EventId, EventNid>()
  readonly #types = new Map<string, EventTypeNid>(EVENT_TYPE_NIDS)
  readonly #keys = new Map<string, StateKeyNid>([['', EMPTY_STATE_KEY_NID]])
  readonly #snapshots = new Map<SnapshotNid, SnapshotRecord>()

  /** A store of the events that a room has so far, none with a state before it. */
  static of(room: TestRoom, rejected: readonly EventId[] = []): TestStore {
    const store = new TestStore()
    for (const pdu of room.all()) store.store(pdu, { isRejected: rejected.includes(pdu.eventId) })
    return store
  }

  /** Stores an event after all that it cites; tells the state after it. */
  store(pdu: Pdu, { before, isIn = true, isRejected = false, roomNid = 1 }: StoredWith = {}): SnapshotRecord {
    const nid = (FIRST_FREE_NID + this.#records.size) as EventNid
    const { authEvents, depth, eventId, json, stateKey, type } = pdu
    const authNids = authEvents.map((id) => this.#nids.get(id)).filter((auth) => auth !== undefined)
    const levels = authNids.map((auth) => 1 + (this.#records.get(auth)?.authLevel ?? 0))
    this.#nids.set(eventId, nid)
    this.#pdus.set(nid, pdu)
    const changes = isIn && stateKey !== undefined ? [this.entry(type, stateKey, eventId)] : []
    const after = this.apply(before, changes)
    this.#records.set(nid, {
      nid,
      roomNid: roomNid as RoomNid,
      eventId,
      typeNid: intern(this.#types, type),
      stateKeyNid: stateKey === undefined ? NO_NID : intern(this.#keys, stateKey),
      depth,
      authLevel: Math.max(0, ...levels),
      authNids,
      verdict: isRejected ? 'rejected-by-state' : 'accepted',
      before: before?.nid ?? NO_NID,
      after: after.nid,
      redactedBy: NO_NID,
      json,
    })
    return after
  }

  /** An entry as a change; an event that is not stored takes the entry away. */
  entry(type: string, stateKey: string, eventId: EventId | undefined): StateEntry {
    return {
      type: intern(this.#types, type),
      stateKey: intern(this.#keys, stateKey),
      event: (eventId === undefined ? undefined : this.#nids.get(eventId)) ?? NO_NID,
    }
  }

  override apply(base: SnapshotRecord | undefined, changes: readonly StateEntry[]): SnapshotRecord {
    const snapshot = super.apply(base, changes)
    this.#snapshots.set(snapshot.nid, snapshot)
    return snapshot
  }

  /** A state: another one with these events entered. */
  enter(base: SnapshotRecord | undefined, ids: string): SnapshotRecord {
    const records = ids.split(' ').map((id) => {
      const record = this.eventById(id)
      if (record === null) throw new Error(`no event ${id}`)
      return record
    })
    return this.apply(
      base,
      records.map(({ nid, stateKeyNid, typeNid }) => ({ type: typeNid, stateKey: stateKeyNid, event: nid })),
    )
  }

  /** A whole state in words. */
  stateOf(snapshot: SnapshotRecord): StateMap {
    const entries = [...eachEntry(finish(allEntries(snapshot, this)))]
    const events = entries.map(({ event }) => this.#pdus.get(event)).filter((pdu) => pdu !== undefined)
    return stateMap(events.map(({ eventId, stateKey = '', type }) => [type, stateKey, eventId]))
  }

  /** The events of a state, sorted. */
  idsIn(snapshot: SnapshotRecord): readonly EventId[] {
    const entries = [...eachEntry(finish(allEntries(snapshot, this)))]
    return this.idsOf(entries.map(({ event }) => event)).toSorted()
  }

  idsOf(nids: EventNid | readonly EventNid[]): readonly EventId[] {
    return [nids].flat().flatMap((nid) => (nid === NO_NID ? [] : (this.#pdus.get(nid)?.eventId ?? '')))
  }

  /** Forgets an event, as a damaged store has. */
  lose(id: EventId): void {
    const nid = this.#nids.get(id)
    if (nid !== undefined) this.#records.delete(nid)
  }

  snapshot(nid: SnapshotNid): SnapshotRecord | undefined {
    return this.#snapshots.get(nid)
  }

  event(nid: EventNid): EventRecord | undefined {
    return this.#records.get(nid)
  }

  eventById(id: EventId): EventRecord | null {
    const nid = this.#nids.get(id)
    return (nid === undefined ? undefined : this.event(nid)) ?? null
  }

  authPduOf({ nid }: EventRecord): Pdu {
    const pdu = this.#pdus.get(nid)
    if (pdu === undefined) throw new Error(`no event ${nid}`)
    return pdu
  }

  typeNid(name: string): EventTypeNid | null {
    return this.#types.get(name) ?? null
  }

  stateKeyNid(text: string): StateKeyNid | null {
    return this.#keys.get(text) ?? null
  }
}

function intern<Nid extends number>(nids: Map<string, Nid>, text: string): Nid {
  const known = nids.get(text)
  if (known !== undefined) return known
  const nid = (FIRST_FREE_NID + nids.size) as Nid
  nids.set(text, nid)
  return nid
}
