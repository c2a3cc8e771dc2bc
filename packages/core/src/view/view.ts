import { authPdu, type Pdu } from '@roomserver/events'
import {
  type BlockNid,
  type BlockRecord,
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  type Membership,
  NO_NID,
  type RoomNid,
  type SnapshotNid,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { damaged } from './damaged.ts'
import type { RecordBatch } from './record-batch.ts'
import type { RecordCache } from './record-cache.ts'
import {
  emptyRecordMaps,
  keysOf,
  type Need,
  RECORD_KINDS,
  type RecordKey,
  type RecordKind,
  type RecordValue,
} from './record-kinds.ts'

/** How many events a view held at some moment. */
export interface EventsHeld {
  readonly byNid: number
  readonly byId: number
}

/**
 * The records as one computation sees them: everything it has seen stays with it until it ends, however small the
 * shared cache is, and it remembers what turned out not to exist.
 *
 * What a long computation goes over once it can let go of ({@link View.forget}).
 *
 * Getters answer `undefined` for what is not loaded yet; then the computation yields a {@link Need}. For names that
 * the store does not know they answer `null`.
 */
export class View {
  readonly cache: RecordCache
  /** The room that the computation is about; 0: none in particular. */
  readonly roomNid: RoomNid
  readonly #records = emptyRecordMaps()
  readonly #pdus = new Map<EventRecord, Pdu>()
  readonly #authPdus = new WeakMap<EventRecord, Pdu>()
  /** What is kept of events that were let go. */
  readonly #eventIds = new Map<EventNid, EventId>()
  /** What member events say that were gone over, for when they are let go. */
  readonly memberships = new Map<EventNid, Membership>()
  /** Events that the computation itself has put here. */
  readonly #added = new Set<EventNid>()

  /** @param roomNid - the room that the computation is about; needed to look for snapshots by their hash */
  constructor(cache: RecordCache, roomNid: RoomNid = NO_NID) {
    this.cache = cache
    this.roomNid = roomNid
  }

  event(nid: EventNid): EventRecord | undefined {
    return this.#get('events', nid) ?? undefined
  }

  eventById(id: EventId): EventRecord | null | undefined {
    return this.#get('events-by-id', id)
  }

  /** The ID of an event, known also when the event was let go. */
  eventId(nid: EventNid): EventId | undefined {
    return (this.#records.events.get(nid) ?? this.cache.event(nid))?.eventId ?? this.#eventIds.get(nid)
  }

  /** How many events it holds; see {@link View.forget}. */
  get held(): EventsHeld {
    return { byNid: this.#records.events.size, byId: this.#records['events-by-id'].size }
  }

  /** Lets go of the events that it has come to hold since then, all but their IDs: they are loaded again when needed. */
  forget({ byNid, byId }: EventsHeld): void {
    const { events, 'events-by-id': eventsById } = this.#records
    for (const record of [...events.values()].slice(byNid)) if (this.#letGo(record)) events.delete(record.nid)
    for (const record of [...eventsById.values()].slice(byId))
      if (this.#letGo(record)) eventsById.delete(record.eventId)
  }

  snapshot(nid: SnapshotNid): SnapshotRecord | undefined {
    return this.#get('snapshots', nid) ?? undefined
  }

  block(nid: BlockNid): BlockRecord | undefined {
    return this.#get('blocks', nid) ?? undefined
  }

  blockByHash(hash: string): BlockRecord | null | undefined {
    return this.#get('block-hash', hash)
  }

  /** Snapshots of one room only: hashes of different rooms never meet in one computation. */
  snapshotByHash(hash: string): SnapshotRecord | null | undefined {
    return this.#get('snapshot-hash', hash)
  }

  typeNid(name: string): EventTypeNid | null | undefined {
    return this.#get('types', name)
  }

  typeName(nid: EventTypeNid): string | undefined {
    return this.#get('type-names', nid) ?? undefined
  }

  stateKeyNid(text: string): StateKeyNid | null | undefined {
    return this.#get('state-keys', text)
  }

  stateKeyText(nid: StateKeyNid): string | undefined {
    return this.#get('state-key-texts', nid) ?? undefined
  }

  /** The parsed form of a stored event. */
  pduOf(record: EventRecord, rules: RoomVersionRules): Pdu {
    const own = this.#pdus.get(record)
    if (own !== undefined) return own
    const pdu = this.cache.pduOf(record, rules)
    if (this.cache.event(record.nid) !== record) this.#pdus.set(record, pdu)
    return pdu
  }

  /**
   * The parsed form of a stored event as the authorization rules read it: of a redacted one with what they read of it that
   * is not there for anybody else.
   *
   * @throws {RoomserverError} STORE_DAMAGED when that cannot be read
   */
  authPduOf(record: EventRecord, rules: RoomVersionRules): Pdu {
    const pdu = this.pduOf(record, rules)
    if (record.authContent === undefined) return pdu
    const known = this.#authPdus.get(record) ?? readAuthPdu(pdu, record.authContent)
    this.#authPdus.set(record, known)
    return known
  }

  /** Loads what is needed; afterwards the getters know it, or know that it does not exist. */
  async load(need: Need): Promise<void> {
    this.#keep(need.kind, keysOf(need), await this.cache.load(need, this.roomNid))
  }

  /** Lets the computation see an event that is not committed yet, or a changed one as it will be. */
  addEvent(record: EventRecord, pdu?: Pdu): void {
    this.#added.add(record.nid)
    this.#records.events.set(record.nid, record)
    if (pdu !== undefined) this.#pdus.set(record, pdu)
    this.#records['events-by-id'].set(record.eventId, record)
  }

  /** Tells the computation that no event with this ID is stored. */
  addAbsent(id: EventId): void {
    if (this.eventById(id) === undefined) this.#records['events-by-id'].set(id, null)
  }

  addSnapshot(record: SnapshotRecord): void {
    this.#records.snapshots.set(record.nid, record)
    this.#records['snapshot-hash'].set(record.hash, record)
  }

  addBlock(record: BlockRecord): void {
    this.#records.blocks.set(record.nid, record)
    this.#records['block-hash'].set(record.hash, record)
  }

  addType(nid: EventTypeNid, text: string): void {
    this.#records.types.set(text, nid)
    this.#records['type-names'].set(nid, text)
  }

  addStateKey(nid: StateKeyNid, text: string): void {
    this.#records['state-keys'].set(text, nid)
    this.#records['state-key-texts'].set(nid, text)
  }

  /** Tells the computation that the store does not know a state key. */
  addNewStateKey(text: string): void {
    this.#records['state-keys'].set(text, null)
  }

  /** What is found in the shared cache stays with the view: while the computation waits for more, the cache may drop it. */
  #get<K extends RecordKind>(kind: K, key: RecordKey<K>): RecordValue<K> | null | undefined {
    const own = this.#records[kind].get(key)
    if (own !== undefined) return own
    const shared = this.cache.get(kind, key)
    if (shared !== undefined) this.#records[kind].set(key, shared)
    return shared
  }

  /** What the computation added itself stands; the rest is taken over. */
  #keep<K extends RecordKind>(kind: K, keys: readonly RecordKey<K>[], batch: RecordBatch): void {
    const own = this.#records[kind]
    for (const key of keys) {
      const value = batch.get(kind, key, this.roomNid)
      if (own.has(key)) continue
      if (value !== undefined) own.set(key, value)
      else if (RECORD_KINDS[kind].mayBeAbsent === true) own.set(key, null)
    }
  }

  #letGo(record: EventRecord | null): record is EventRecord {
    if (record === null || this.#added.has(record.nid)) return false
    this.#eventIds.set(record.nid, record.eventId)
    this.#pdus.delete(record)
    return true
  }
}

function readAuthPdu(pdu: Pdu, authContent: string): Pdu {
  try {
    return authPdu(pdu, authContent)
  } catch {
    damaged('the content that the rules read of a redacted event cannot be parsed')
  }
}
