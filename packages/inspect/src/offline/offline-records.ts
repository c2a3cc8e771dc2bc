import { authPdu, type Pdu, trustedPdu } from '@roomserver/events'
import type { StateAllocator } from '@roomserver/state'
import {
  type BlockNid,
  type BlockRecord,
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  FIRST_FREE_NID,
  type RoomNid,
  type SnapshotNid,
  type SnapshotRecord,
  type StateKeyNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { RecordReader } from '../read/record-reader.ts'

/** Texts and the numbers that were given to them. */
class Interned<N extends number> {
  readonly #nids: Map<string, N>
  readonly #texts: Map<N, string>
  #next = FIRST_FREE_NID

  constructor(preassigned: Iterable<readonly [string, N]>) {
    this.#nids = new Map(preassigned)
    this.#texts = new Map([...this.#nids].map(([text, nid]) => [nid, text]))
  }

  find(text: string): N | null {
    return this.#nids.get(text) ?? null
  }

  textOf(nid: N): string | undefined {
    return this.#texts.get(nid)
  }

  put(text: string): N {
    const known = this.#nids.get(text)
    if (known !== undefined) return known
    const nid = this.#next++ as N
    this.#nids.set(text, nid)
    this.#texts.set(nid, text)
    return nid
  }
}

/** The records of a file of events, all of them at hand. */
export class OfflineRecords implements RecordReader {
  readonly types = new Interned<EventTypeNid>(EVENT_TYPE_NIDS)
  readonly stateKeys = new Interned<StateKeyNid>([['', EMPTY_STATE_KEY_NID]])
  readonly #events = new Map<EventNid, EventRecord>()
  readonly #byId = new Map<EventId, EventRecord>()
  readonly #pdus = new Map<EventNid, Pdu>()
  readonly #blocks = new Map<BlockNid, BlockRecord>()
  readonly #snapshots = new Map<SnapshotNid, SnapshotRecord>()
  readonly #blockNids = new Map<string, BlockNid>()
  readonly #snapshotNids = new Map<string, SnapshotNid>()
  #nextNid = FIRST_FREE_NID

  /** A number that nothing else has. */
  nextNid<N extends number>(): N {
    return this.#nextNid++ as N
  }

  event(nid: EventNid): EventRecord | undefined {
    return this.#events.get(nid)
  }

  eventById(id: EventId): EventRecord | null {
    return this.#byId.get(id) ?? null
  }

  snapshot(nid: SnapshotNid): SnapshotRecord | undefined {
    return this.#snapshots.get(nid)
  }

  block(nid: BlockNid): BlockRecord | undefined {
    return this.#blocks.get(nid)
  }

  typeNid(name: string): EventTypeNid | null {
    return this.types.find(name)
  }

  stateKeyNid(text: string): StateKeyNid | null {
    return this.stateKeys.find(text)
  }

  typeName(nid: EventTypeNid): string | undefined {
    return this.types.textOf(nid)
  }

  stateKeyText(nid: StateKeyNid): string | undefined {
    return this.stateKeys.textOf(nid)
  }

  pduOf(record: EventRecord, rules: RoomVersionRules): Pdu {
    return this.#pdus.get(record.nid) ?? trustedPdu(record.json, record.eventId, rules)
  }

  authPduOf(record: EventRecord, rules: RoomVersionRules): Pdu {
    const pdu = this.pduOf(record, rules)
    return record.authContent === undefined ? pdu : authPdu(pdu, record.authContent)
  }

  /** Keeps an event. */
  add(record: EventRecord, pdu: Pdu): void {
    this.#events.set(record.nid, record)
    this.#byId.set(record.eventId, record)
    this.#pdus.set(record.nid, pdu)
  }

  /** Keeps a state. */
  addState(snapshot: SnapshotRecord, blocks: readonly BlockRecord[]): SnapshotNid {
    for (const block of blocks) this.#blocks.set(block.nid, block)
    this.#snapshots.set(snapshot.nid, snapshot)
    return snapshot.nid
  }

  /** Gives numbers to the states of a room. */
  allocatorFor(roomNid: RoomNid): StateAllocator {
    return {
      roomNid,
      blockNid: (hash) => this.#numbered(this.#blockNids, hash),
      snapshotNid: (hash) => this.#numbered(this.#snapshotNids, `${roomNid} ${hash}`),
    }
  }

  #numbered<N extends number>(known: Map<string, N>, hash: string): N {
    const nid = known.get(hash) ?? this.nextNid<N>()
    known.set(hash, nid)
    return nid
  }
}
