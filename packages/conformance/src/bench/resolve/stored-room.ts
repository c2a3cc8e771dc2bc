import type { Pdu } from '@roomserver/events'
import {
  allEntries,
  applyChanges,
  eachEntry,
  type SnapshotReader,
  type StateAllocator,
  type StateMap,
  stateMap,
} from '@roomserver/state'
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
  finish,
  NO_NID,
  type RoomNid,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'

const ROOM = 1 as RoomNid

/** A room as a store would have it, held in memory: records by NID, blocks that snapshots share. */
export class StoredRoom implements SnapshotReader, StateAllocator {
  readonly roomNid = ROOM
  readonly #records = new Map<EventNid, EventRecord>()
  readonly #pdus = new Map<EventNid, Pdu>()
  readonly #nids = new Map<EventId, EventNid>()
  readonly #types = new Map<string, EventTypeNid>(EVENT_TYPE_NIDS)
  readonly #stateKeys = new Map<string, StateKeyNid>([['', EMPTY_STATE_KEY_NID]])
  readonly #blocks = new Map<BlockNid, BlockRecord>()
  readonly #snapshots = new Map<SnapshotNid, SnapshotRecord>()
  readonly #hashes = new Map<string, number>()

  /**
   * Stores an event, and tells the state after it.
   *
   * @param before - the state before it; `undefined`: the empty one
   * @param isIn - whether it enters the state
   */
  store(pdu: Pdu, before: SnapshotRecord | undefined, isIn = true, isRejected = false): SnapshotRecord {
    const nid = (FIRST_FREE_NID + this.#records.size) as EventNid
    const authNids = pdu.authEvents.map((id) => this.#nids.get(id)).filter((auth) => auth !== undefined)
    const levels = authNids.map((auth) => this.#records.get(auth)?.authLevel ?? 0)
    this.#nids.set(pdu.eventId, nid)
    this.#pdus.set(nid, pdu)
    const { eventId, stateKey, type } = pdu
    const changes = isIn && stateKey !== undefined ? [this.entry(type, stateKey, eventId)] : []
    const after = this.apply(before, changes)
    this.#records.set(nid, {
      nid,
      roomNid: ROOM,
      eventId: pdu.eventId,
      typeNid: intern(this.#types, pdu.type),
      stateKeyNid: pdu.stateKey === undefined ? NO_NID : intern(this.#stateKeys, pdu.stateKey),
      depth: pdu.depth,
      authLevel: levels.length === 0 ? 0 : 1 + Math.max(...levels),
      authNids,
      verdict: isRejected ? 'rejected-by-state' : 'accepted',
      before: before?.nid ?? NO_NID,
      after: after.nid,
      redactedBy: NO_NID,
      json: pdu.json,
    })
    return after
  }

  /** An entry as a change; an event that is not stored takes the entry away. */
  entry(type: string, stateKey: string, eventId: EventId | undefined): StateEntry {
    return {
      type: intern(this.#types, type),
      stateKey: intern(this.#stateKeys, stateKey),
      event: (eventId === undefined ? undefined : this.#nids.get(eventId)) ?? NO_NID,
    }
  }

  /** A state with changes made. */
  apply(base: SnapshotRecord | undefined, changes: readonly StateEntry[]): SnapshotRecord {
    const { blocks, snapshot } = finish(applyChanges(base, changes, this, this))
    for (const block of blocks) this.#blocks.set(block.nid, block)
    this.#snapshots.set(snapshot.nid, snapshot)
    return snapshot
  }

  /** A whole state in words. */
  stateOf(snapshot: SnapshotRecord): StateMap {
    const entries = [...eachEntry(finish(allEntries(snapshot, this)))]
    const events = entries.map(({ event }) => this.#pdus.get(event)).filter((pdu) => pdu !== undefined)
    return stateMap(events.map(({ eventId, stateKey = '', type }) => [type, stateKey, eventId]))
  }

  block(nid: BlockNid): BlockRecord | undefined {
    return this.#blocks.get(nid)
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

  authPduOf(record: EventRecord): Pdu {
    const pdu = this.#pdus.get(record.nid)
    if (pdu === undefined) throw new Error(`no event ${record.nid}`)
    return pdu
  }

  typeNid(name: string): EventTypeNid | null {
    return this.#types.get(name) ?? null
  }

  stateKeyNid(text: string): StateKeyNid | null {
    return this.#stateKeys.get(text) ?? null
  }

  blockNid(hash: string): BlockNid {
    return this.#nidOf(hash) as BlockNid
  }

  snapshotNid(hash: string): SnapshotNid {
    return this.#nidOf(hash) as SnapshotNid
  }

  #nidOf(hash: string): number {
    const nid = this.#hashes.get(hash) ?? this.#hashes.size + 1
    this.#hashes.set(hash, nid)
    return nid
  }
}

function intern<Nid extends number>(nids: Map<string, Nid>, text: string): Nid {
  const known = nids.get(text)
  if (known !== undefined) return known
  const nid = (FIRST_FREE_NID + nids.size) as Nid
  nids.set(text, nid)
  return nid
}
