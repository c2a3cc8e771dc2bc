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
import type { Found } from './loader.ts'
import type { Need } from './need.ts'
import type { RecordCache } from './record-cache.ts'

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
  readonly #events = new Map<EventNid, EventRecord>()
  readonly #pdus = new Map<EventRecord, Pdu>()
  readonly #authPdus = new WeakMap<EventRecord, Pdu>()
  readonly #eventsById = new Map<EventId, EventRecord | null>()
  /** What is kept of events that were let go. */
  readonly #eventIds = new Map<EventNid, EventId>()
  /** What member events say that were gone over, for when they are let go. */
  readonly memberships = new Map<EventNid, Membership>()
  /** Events that the computation itself has put here. */
  readonly #added = new Set<EventNid>()
  readonly #snapshots = new Map<SnapshotNid, SnapshotRecord>()
  readonly #blocks = new Map<BlockNid, BlockRecord>()
  readonly #typeNids = new Map<string, EventTypeNid | null>()
  readonly #typeNames = new Map<EventTypeNid, string>()
  readonly #stateKeyNids = new Map<string, StateKeyNid | null>()
  readonly #stateKeyTexts = new Map<StateKeyNid, string>()
  readonly #blocksByHash = new Map<string, BlockRecord | null>()
  readonly #snapshotsByHash = new Map<string, SnapshotRecord | null>()

  /** @param roomNid - the room that the computation is about; needed to look for snapshots by their hash */
  constructor(cache: RecordCache, roomNid: RoomNid = NO_NID) {
    this.cache = cache
    this.roomNid = roomNid
  }

  event(nid: EventNid): EventRecord | undefined {
    return this.#events.get(nid) ?? pin(this.#events, nid, this.cache.event(nid))
  }

  eventById(id: EventId): EventRecord | null | undefined {
    const own = this.#eventsById.get(id)
    return own === undefined ? pin(this.#eventsById, id, this.cache.eventById(id)) : own
  }

  /** The ID of an event, known also when the event was let go. */
  eventId(nid: EventNid): EventId | undefined {
    return (this.#events.get(nid) ?? this.cache.event(nid))?.eventId ?? this.#eventIds.get(nid)
  }

  /** How many events it holds; see {@link View.forget}. */
  get held(): EventsHeld {
    return { byNid: this.#events.size, byId: this.#eventsById.size }
  }

  /** Lets go of the events that it has come to hold since then, all but their IDs: they are loaded again when needed. */
  forget({ byNid, byId }: EventsHeld): void {
    for (const record of [...this.#events.values()].slice(byNid)) {
      if (this.#added.has(record.nid)) continue
      this.#eventIds.set(record.nid, record.eventId)
      this.#events.delete(record.nid)
      this.#pdus.delete(record)
    }
    for (const record of [...this.#eventsById.values()].slice(byId)) {
      if (record === null || this.#added.has(record.nid)) continue
      this.#eventIds.set(record.nid, record.eventId)
      this.#eventsById.delete(record.eventId)
      this.#pdus.delete(record)
    }
  }

  snapshot(nid: SnapshotNid): SnapshotRecord | undefined {
    return this.#snapshots.get(nid) ?? pin(this.#snapshots, nid, this.cache.snapshot(nid))
  }

  block(nid: BlockNid): BlockRecord | undefined {
    return this.#blocks.get(nid) ?? pin(this.#blocks, nid, this.cache.block(nid))
  }

  blockByHash(hash: string): BlockRecord | null | undefined {
    return this.#blocksByHash.get(hash)
  }

  /** Snapshots of one room only: hashes of different rooms never meet in one computation. */
  snapshotByHash(hash: string): SnapshotRecord | null | undefined {
    return this.#snapshotsByHash.get(hash)
  }

  typeNid(name: string): EventTypeNid | null | undefined {
    const own = this.#typeNids.get(name)
    return own === undefined ? pin(this.#typeNids, name, this.cache.typeNid(name)) : own
  }

  typeName(nid: EventTypeNid): string | undefined {
    return this.#typeNames.get(nid) ?? pin(this.#typeNames, nid, this.cache.typeName(nid))
  }

  stateKeyNid(text: string): StateKeyNid | null | undefined {
    const own = this.#stateKeyNids.get(text)
    return own === undefined ? pin(this.#stateKeyNids, text, this.cache.stateKeyNid(text)) : own
  }

  stateKeyText(nid: StateKeyNid): string | undefined {
    return this.#stateKeyTexts.get(nid) ?? pin(this.#stateKeyTexts, nid, this.cache.stateKeyText(nid))
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
    this.#keep(need, await this.cache.load(need, this.roomNid))
  }

  /** Lets the computation see an event that is not committed yet, or a changed one as it will be. */
  addEvent(record: EventRecord, pdu?: Pdu): void {
    this.#added.add(record.nid)
    this.#events.set(record.nid, record)
    if (pdu !== undefined) this.#pdus.set(record, pdu)
    this.#eventsById.set(record.eventId, record)
  }

  /** Tells the computation that no event with this ID is stored. */
  addAbsent(id: EventId): void {
    if (this.eventById(id) === undefined) this.#eventsById.set(id, null)
  }

  addSnapshot(record: SnapshotRecord): void {
    this.#snapshots.set(record.nid, record)
    this.#snapshotsByHash.set(record.hash, record)
  }

  addBlock(record: BlockRecord): void {
    this.#blocks.set(record.nid, record)
    this.#blocksByHash.set(record.hash, record)
  }

  addType(nid: EventTypeNid, text: string): void {
    this.#typeNids.set(text, nid)
    this.#typeNames.set(nid, text)
  }

  addStateKey(nid: StateKeyNid, text: string): void {
    this.#stateKeyNids.set(text, nid)
    this.#stateKeyTexts.set(nid, text)
  }

  /** Tells the computation that the store does not know a state key. */
  addNewStateKey(text: string): void {
    this.#stateKeyNids.set(text, null)
  }

  #keep(need: Need, found: Found): void {
    switch (need.kind) {
      case 'events':
        return keep(this.#events, need.nids, found.events)
      case 'events-by-id':
        return keepOrAbsent(this.#eventsById, need.ids, found.eventsById)
      case 'snapshots':
        return keep(this.#snapshots, need.nids, found.snapshots)
      case 'blocks':
        return keep(this.#blocks, need.nids, found.blocks)
      case 'types':
        return keepOrAbsent(this.#typeNids, need.names, found.typeNids)
      case 'type-names':
        return keep(this.#typeNames, need.nids, found.typeNames)
      case 'state-keys':
        return keepOrAbsent(this.#stateKeyNids, need.texts, found.stateKeyNids)
      case 'state-key-texts':
        return keep(this.#stateKeyTexts, need.nids, found.stateKeyTexts)
      case 'block-hash':
        return keepOrAbsent(this.#blocksByHash, [need.hash], found.blocksByHash)
      case 'snapshot-hash': {
        const ofRoom = found.snapshotsByHash.get(this.roomNid) ?? new Map<string, SnapshotRecord>()
        return keepOrAbsent(this.#snapshotsByHash, [need.hash], ofRoom)
      }
      case 'several':
        for (const one of need.needs) this.#keep(one, found)
    }
  }
}

function readAuthPdu(pdu: Pdu, authContent: string): Pdu {
  try {
    return authPdu(pdu, authContent)
  } catch {
    damaged('the content that the rules read of a redacted event cannot be parsed')
  }
}

/** Keeps what was found in the shared cache: while the computation waits for more, the cache may drop it. */
function pin<K, V, S extends V>(own: Map<K, V>, key: K, shared: S | undefined): S | undefined {
  if (shared !== undefined) own.set(key, shared)
  return shared
}

/** What the computation added itself stands; the rest is taken over. */
function keep<K, V>(own: Map<K, V>, keys: readonly K[], found: ReadonlyMap<K, V>): void {
  for (const key of keys) {
    const value = found.get(key)
    if (value !== undefined && !own.has(key)) own.set(key, value)
  }
}

function keepOrAbsent<K, V>(own: Map<K, V | null>, keys: readonly K[], found: ReadonlyMap<K, V>): void {
  for (const key of keys) if (!own.has(key)) own.set(key, found.get(key) ?? null)
}
