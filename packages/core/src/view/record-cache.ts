import { type Pdu, trustedPdu } from '@roomserver/events'
import type {
  BlockNid,
  BlockRecord,
  EventId,
  EventNid,
  EventRecord,
  EventTypeNid,
  RoomNid,
  SnapshotNid,
  SnapshotRecord,
  StateKeyNid,
} from '@roomserver/types'
import { EMPTY_STATE_KEY_NID, EVENT_TYPE_NIDS } from '@roomserver/types'
import type { ContinuedResolution } from '@roomserver/state'
import type { RoomVersionRules } from '@roomserver/version'
import type { RecordStore } from '../ports.ts'
import { AnswerPages } from './answer-pages.ts'
import { ByteCache } from './byte-cache.ts'
import type { Extremities } from './extremities.ts'
import { InternedCache } from './interned-cache.ts'
import { keepLatest } from './keep-latest.ts'
import { KeptOfRooms } from './kept-of-rooms.ts'
import type { KnownDifference } from './known-difference.ts'
import { Loader } from './loader.ts'
import type { RecordBatch } from './record-batch.ts'
import {
  ALL_RECORD_KINDS,
  type Need,
  type RecordKey,
  type RecordKind,
  type RecordValue,
} from './record-kinds.ts'
import { RoomEpochs } from './room-epochs.ts'

/** How much of the cache each kind of what it holds may take; together all of it. */
export const CACHE_SHARES = {
  events: 0.5,
  eventNids: 0.05,
  blocks: 0.15,
  snapshots: 0.05,
  stateKeys: 0.04,
  types: 0.02,
  pages: 0.12,
  resolutions: 0.05,
  extremities: 0.01,
  differences: 0.01,
} as const

/** Of how many rooms it is remembered how long resolutions took. */
const MAX_TIMED_ROOMS = 20_000

const PREASSIGNED_NAMES = new Map([...EVENT_TYPE_NIDS].map(([name, nid]) => [nid, name]))

/** How records of a kind are found in the cache, and how such as were read come there. */
interface CachedKind<K extends RecordKind> {
  get(key: RecordKey<K>): RecordValue<K> | undefined
  keep(key: RecordKey<K>, value: RecordValue<K>): void
}

/** Whether an equal record is stored already is of use only once: to who makes the record. */
const NOT_KEPT = { get: () => undefined, keep: () => undefined }

/** How often the cache had what was asked for. */
export interface CacheUsage {
  hits: number
  /** Records that had to be read. */
  misses: number
}

/** An event as cached: its record, and its parsed form once that was asked for. */
interface CachedEvent {
  readonly record: EventRecord
  readonly epoch: number
  pdu: Pdu | undefined
}

/**
 * The immutable records that rooms are made of (events, blocks, snapshots, strings and their NIDs), shared by all
 * computations and bounded by bytes.
 *
 * The few things that can change about an event (verdict, redaction) change by commits to its room: our own come in
 * through {@link RecordCache.putEvent}, and `RoomEpochs` tells when another process has moved a room on.
 */
export class RecordCache {
  /** Whether what is cached of rooms' events still holds; to be told of every read of a room, and of our commits. */
  readonly rooms = new RoomEpochs()
  /** What long answers are put together from. */
  readonly pages: AnswerPages
  /** Forward extremities of rooms, where there are several. */
  readonly extremities: KeptOfRooms<Extremities>
  /** Resolutions that the current states of rooms come from. Who goes on with one changes it, and so takes it out. */
  readonly resolutions: KeptOfRooms<ContinuedResolution>
  /** What turns another state, the current one of its room at some time, into a state; for states where that is much. */
  readonly differences: ByteCache<SnapshotNid, KnownDifference>
  readonly #loader: Loader
  readonly #events: ByteCache<EventNid, CachedEvent>
  readonly #eventNids: ByteCache<EventId, EventNid>
  readonly #snapshots: ByteCache<SnapshotNid, SnapshotRecord>
  readonly #blocks: ByteCache<BlockNid, BlockRecord>
  readonly #types: InternedCache<EventTypeNid>
  readonly #stateKeys: InternedCache<StateKeyNid>
  readonly #kinds: { readonly [K in RecordKind]: CachedKind<K> }
  /** How often a record was there, and how many had to be read. */
  readonly usage: CacheUsage = { hits: 0, misses: 0 }
  /** Called when a resolution of states has ended: conflicted entries, and milliseconds. */
  onResolved: ((entries: number, ms: number) => void) | undefined
  /** The longest resolution of the states of each room, in milliseconds. */
  readonly #slowest = new Map<RoomNid, number>()
  /** Batches that were taken into the cache already; several computations get the same one. */
  readonly #kept = new WeakSet<RecordBatch>()

  /** @param maxBytes - what the cached records may take, all kinds together */
  constructor(store: RecordStore, maxBytes: number) {
    this.#loader = new Loader(store)
    const shareOf = (kind: keyof typeof CACHE_SHARES) => maxBytes * CACHE_SHARES[kind]
    this.pages = new AnswerPages(this.rooms, shareOf('pages'))
    this.extremities = new KeptOfRooms(this.rooms, shareOf('extremities'))
    this.resolutions = new KeptOfRooms(this.rooms, shareOf('resolutions'))
    this.differences = new ByteCache(shareOf('differences'), ({ changes }) => 200 + changes.length * 250)
    this.#events = new ByteCache(shareOf('events'), ({ record }) => 700 + record.json.length * 3)
    this.#eventNids = new ByteCache(shareOf('eventNids'), () => 160)
    this.#snapshots = new ByteCache(shareOf('snapshots'), ({ blocks }) => 240 + blocks.length * 8)
    this.#blocks = new ByteCache(shareOf('blocks'), ({ entries }) => 240 + entries.byteLength)
    this.#types = new InternedCache(shareOf('types'))
    this.#stateKeys = new InternedCache(shareOf('stateKeys'))
    this.#kinds = {
      events: { get: (nid) => this.event(nid), keep: (_nid, record) => this.#keepRead(record) },
      'events-by-id': { get: (id) => this.eventById(id), keep: (_id, record) => this.#keepRead(record) },
      snapshots: { get: (nid) => this.#snapshots.get(nid), keep: (_nid, record) => this.putSnapshot(record) },
      blocks: { get: (nid) => this.#blocks.get(nid), keep: (_nid, record) => this.putBlock(record) },
      types: {
        get: (name) => EVENT_TYPE_NIDS.get(name) ?? this.#types.nid(name),
        keep: (name, nid) => this.putType(nid, name),
      },
      'type-names': {
        get: (nid) => PREASSIGNED_NAMES.get(nid) ?? this.#types.text(nid),
        keep: (nid, name) => this.putType(nid, name),
      },
      'state-keys': {
        get: (text) => (text === '' ? EMPTY_STATE_KEY_NID : this.#stateKeys.nid(text)),
        keep: (text, nid) => this.putStateKey(nid, text),
      },
      'state-key-texts': {
        get: (nid) => (nid === EMPTY_STATE_KEY_NID ? '' : this.#stateKeys.text(nid)),
        keep: (nid, text) => this.putStateKey(nid, text),
      },
      'block-hash': NOT_KEPT,
      'snapshot-hash': NOT_KEPT,
    }
  }

  /** What the cache takes at present, in bytes (an estimate). */
  get bytes(): number {
    return [
      this.pages,
      this.#events,
      this.#eventNids,
      this.#snapshots,
      this.#blocks,
      this.extremities,
      this.resolutions,
      this.differences,
      this.#types,
      this.#stateKeys,
    ]
      .map((cache) => cache.bytes)
      .reduce((sum, bytes) => sum + bytes, 0)
  }

  /** A record in the cache; `undefined`: it has to be loaded first. */
  get<K extends RecordKind>(kind: K, key: RecordKey<K>): RecordValue<K> | undefined {
    const value = this.#kinds[kind].get(key)
    if (value !== undefined) this.usage.hits++
    return value
  }

  event(nid: EventNid): EventRecord | undefined {
    return this.#cached(nid)?.record
  }

  eventById(id: EventId): EventRecord | undefined {
    const nid = this.#eventNids.get(id)
    return nid === undefined ? undefined : this.event(nid)
  }

  /** The parsed form of a stored event; parsed once for as long as the event stays cached. */
  pduOf(record: EventRecord, rules: RoomVersionRules): Pdu {
    const cached = this.#cached(record.nid)
    if (cached?.record !== record) return trustedPdu(record.json, record.eventId, rules)
    const pdu = cached.pdu ?? trustedPdu(record.json, record.eventId, rules)
    cached.pdu = pdu
    return pdu
  }

  /**
   * Reads what is needed from the store, in one batch with the needs of others, and keeps it.
   *
   * @param roomNid - the room that snapshot hashes in the need belong to
   */
  async load(need: Need, roomNid: RoomNid): Promise<RecordBatch> {
    const batch = await this.#loader.load(need, roomNid)
    if (this.#kept.has(batch)) return batch
    this.#kept.add(batch)
    for (const kind of ALL_RECORD_KINDS) this.#keep(kind, batch)
    return batch
  }

  /** Keeps an event as it was committed. */
  putEvent(record: EventRecord, pdu?: Pdu): void {
    this.#events.set(record.nid, { record, epoch: this.rooms.of(record.roomNid), pdu })
    this.#eventNids.set(record.eventId, record.nid)
  }

  putSnapshot(record: SnapshotRecord): void {
    this.#snapshots.set(record.nid, record)
  }

  putBlock(record: BlockRecord): void {
    this.#blocks.set(record.nid, record)
  }

  putType(nid: EventTypeNid, text: string): void {
    this.#types.put(nid, text)
  }

  putStateKey(nid: StateKeyNid, text: string): void {
    this.#stateKeys.put(nid, text)
  }

  /** Notes that a resolution of states of a room has ended. */
  noteResolution(room: RoomNid, entries: number, ms: number): void {
    keepLatest(this.#slowest, room, Math.max(ms, this.slowestResolutionMs(room)), MAX_TIMED_ROOMS)
    this.onResolved?.(entries, ms)
  }

  /** How long the longest resolution of states of a room took; 0: none was noted. */
  slowestResolutionMs(room: RoomNid): number {
    return this.#slowest.get(room) ?? 0
  }

  #keep<K extends RecordKind>(kind: K, batch: RecordBatch): void {
    for (const [key, value] of batch.found(kind)) {
      this.usage.misses++
      this.#kinds[kind].keep(key, value)
    }
  }

  #keepRead(record: EventRecord): void {
    // A read that was under way while we committed a change must not bring the old record back.
    if (this.#cached(record.nid) === undefined) this.putEvent(record)
  }

  #cached(nid: EventNid): CachedEvent | undefined {
    const cached = this.#events.get(nid)
    return cached !== undefined && cached.epoch === this.rooms.of(cached.record.roomNid) ? cached : undefined
  }
}
