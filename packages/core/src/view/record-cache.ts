import { type Pdu, trustedPdu } from '@roomserver/events'
import type {
  BlockNid,
  BlockRecord,
  EventId,
  EventNid,
  EventRecord,
  EventTypeNid,
  Interned,
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
import { type Found, Loader } from './loader.ts'
import type { Need } from './need.ts'
import { RoomEpochs } from './room-epochs.ts'

const PREASSIGNED_NAMES = new Map([...EVENT_TYPE_NIDS].map(([name, nid]) => [nid, name]))

/** An event as cached: its record, and its parsed form once that was asked for. */
interface CachedEvent {
  readonly record: EventRecord
  readonly epoch: number
  pdu: Pdu | undefined
}

/** The resolution of a room's current state, to be gone on with. */
interface CachedResolution {
  readonly resolution: ContinuedResolution
  readonly epoch: number
  /** What it took when it was put here. */
  readonly bytes: number
}

/**
 * The immutable records that rooms are made of (events, blocks, snapshots, strings and their NIDs), shared by all
 * computations and bounded by bytes.
 *
 * The few things that can change about an event (verdict, redaction) change by commits to its room: our own come in
 * through {@link RecordCache.putEvent}, and {@link RoomEpochs} tells when another process has moved a room on.
 */
export class RecordCache {
  /** Whether what is cached of rooms' events still holds; to be told of every read of a room, and of our commits. */
  readonly rooms = new RoomEpochs()
  /** What long answers are put together from. */
  readonly pages: AnswerPages
  readonly #loader: Loader
  readonly #events: ByteCache<EventNid, CachedEvent>
  readonly #eventNids: ByteCache<EventId, EventNid>
  readonly #snapshots: ByteCache<SnapshotNid, SnapshotRecord>
  readonly #blocks: ByteCache<BlockNid, BlockRecord>
  readonly #resolutions: ByteCache<RoomNid, CachedResolution>
  readonly #typeNids: ByteCache<string, Interned<EventTypeNid>>
  readonly #typeNames: ByteCache<EventTypeNid, Interned<EventTypeNid>>
  readonly #stateKeyNids: ByteCache<string, Interned<StateKeyNid>>
  readonly #stateKeyTexts: ByteCache<StateKeyNid, Interned<StateKeyNid>>
  /** Batches that were taken into the cache already; several computations get the same one. */
  readonly #kept = new WeakSet<Found>()

  /** @param maxBytes - what the cached records may take, all kinds together */
  constructor(store: RecordStore, maxBytes: number) {
    this.#loader = new Loader(store)
    this.pages = new AnswerPages(this.rooms, maxBytes * 0.12)
    this.#events = new ByteCache(maxBytes * 0.5, ({ record }) => 700 + record.json.length * 3)
    this.#eventNids = new ByteCache(maxBytes * 0.05, () => 160)
    this.#snapshots = new ByteCache(maxBytes * 0.05, ({ blocks }) => 240 + blocks.length * 8)
    this.#blocks = new ByteCache(maxBytes * 0.15, ({ entries }) => 240 + entries.byteLength)
    this.#resolutions = new ByteCache(maxBytes * 0.07, ({ bytes }) => bytes)
    this.#typeNids = new ByteCache(maxBytes * 0.01, ({ text }) => 100 + text.length)
    this.#typeNames = new ByteCache(maxBytes * 0.01, ({ text }) => 100 + text.length)
    this.#stateKeyNids = new ByteCache(maxBytes * 0.02, ({ text }) => 100 + text.length)
    this.#stateKeyTexts = new ByteCache(maxBytes * 0.02, ({ text }) => 100 + text.length)
  }

  /** What the cache takes at present, in bytes (an estimate). */
  get bytes(): number {
    return [
      this.pages,
      this.#events,
      this.#eventNids,
      this.#snapshots,
      this.#blocks,
      this.#resolutions,
      this.#typeNids,
      this.#typeNames,
      this.#stateKeyNids,
      this.#stateKeyTexts,
    ]
      .map((cache) => cache.bytes)
      .reduce((sum, bytes) => sum + bytes, 0)
  }

  event(nid: EventNid): EventRecord | undefined {
    return this.#cached(nid)?.record
  }

  eventById(id: EventId): EventRecord | undefined {
    const nid = this.#eventNids.get(id)
    return nid === undefined ? undefined : this.event(nid)
  }

  snapshot(nid: SnapshotNid): SnapshotRecord | undefined {
    return this.#snapshots.get(nid)
  }

  block(nid: BlockNid): BlockRecord | undefined {
    return this.#blocks.get(nid)
  }

  typeNid(name: string): EventTypeNid | undefined {
    return EVENT_TYPE_NIDS.get(name) ?? this.#typeNids.get(name)?.nid
  }

  typeName(nid: EventTypeNid): string | undefined {
    return PREASSIGNED_NAMES.get(nid) ?? this.#typeNames.get(nid)?.text
  }

  stateKeyNid(text: string): StateKeyNid | undefined {
    return text === '' ? EMPTY_STATE_KEY_NID : this.#stateKeyNids.get(text)?.nid
  }

  stateKeyText(nid: StateKeyNid): string | undefined {
    return nid === EMPTY_STATE_KEY_NID ? '' : this.#stateKeyTexts.get(nid)?.text
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
  async load(need: Need, roomNid: RoomNid): Promise<Found> {
    const found = await this.#loader.load(need, roomNid)
    if (this.#kept.has(found)) return found
    this.#kept.add(found)
    for (const record of found.events.values()) this.#keepRead(record)
    for (const record of found.eventsById.values()) this.#keepRead(record)
    for (const record of found.snapshots.values()) this.putSnapshot(record)
    for (const record of found.blocks.values()) this.putBlock(record)
    for (const [text, nid] of found.typeNids) this.putType(nid, text)
    for (const [nid, text] of found.typeNames) this.putType(nid, text)
    for (const [text, nid] of found.stateKeyNids) this.putStateKey(nid, text)
    for (const [nid, text] of found.stateKeyTexts) this.putStateKey(nid, text)
    return found
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
    const interned = { nid, text }
    this.#typeNids.set(text, interned)
    this.#typeNames.set(nid, interned)
  }

  putStateKey(nid: StateKeyNid, text: string): void {
    const interned = { nid, text }
    this.#stateKeyNids.set(text, interned)
    this.#stateKeyTexts.set(nid, interned)
  }

  /** Hands out the resolution of a room's current state, which is not here any more then: whoever goes on with it changes it. */
  takeResolution(room: RoomNid): ContinuedResolution | undefined {
    const cached = this.#resolutions.get(room)
    this.#resolutions.delete(room)
    return cached?.epoch === this.rooms.of(room) ? cached.resolution : undefined
  }

  /** Keeps the resolution that the current state of a room comes from. */
  putResolution(room: RoomNid, resolution: ContinuedResolution): void {
    const { bytes } = resolution
    this.#resolutions.set(room, { resolution, epoch: this.rooms.of(room), bytes })
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
