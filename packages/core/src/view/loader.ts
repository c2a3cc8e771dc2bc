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
import type { RecordStore } from '../ports.ts'
import { type GatheredNeeds, gather, type Need, noNeeds } from './need.ts'

/** What was found for a batch of needs. What was needed and is not in here does not exist. */
export interface Found {
  readonly events: ReadonlyMap<EventNid, EventRecord>
  readonly eventsById: ReadonlyMap<EventId, EventRecord>
  readonly snapshots: ReadonlyMap<SnapshotNid, SnapshotRecord>
  readonly blocks: ReadonlyMap<BlockNid, BlockRecord>
  readonly blocksByHash: ReadonlyMap<string, BlockRecord>
  readonly snapshotsByHash: ReadonlyMap<RoomNid, ReadonlyMap<string, SnapshotRecord>>
  readonly typeNids: ReadonlyMap<string, EventTypeNid>
  readonly stateKeyNids: ReadonlyMap<string, StateKeyNid>
  readonly typeNames: ReadonlyMap<EventTypeNid, string>
  readonly stateKeyTexts: ReadonlyMap<StateKeyNid, string>
}

/**
 * Loads records for many computations at once: needs that come up in the same turn of the event loop share one read
 * of each kind.
 */
export class Loader {
  readonly #store: RecordStore
  #open: { readonly needs: GatheredNeeds; readonly found: Promise<Found> } | undefined

  constructor(store: RecordStore) {
    this.#store = store
  }

  load(need: Need, roomNid: RoomNid): Promise<Found> {
    this.#open ??= this.#begin()
    gather(this.#open.needs, need, roomNid)
    return this.#open.found
  }

  #begin(): { readonly needs: GatheredNeeds; readonly found: Promise<Found> } {
    const needs = noNeeds()
    const turn = new Promise<void>((resolve) => setImmediate(resolve))
    const found = turn.then(() => {
      this.#open = undefined
      return this.#read(needs)
    })
    return { needs, found }
  }

  async #read(needs: GatheredNeeds): Promise<Found> {
    const store = this.#store
    const [events, eventsById, snapshots, blocks, blocksByHash, snapshotsByHash] = await Promise.all([
      some(needs.events, (nids) => store.eventsByNid(nids)),
      some(needs.eventIds, (ids) => store.eventsById(ids)),
      some(needs.snapshots, (nids) => store.snapshots(nids)),
      some(needs.blocks, (nids) => store.blocks(nids)),
      some(needs.blockHashes, (hashes) => store.blocksByHash(hashes)),
      this.#snapshotsByHash(needs.snapshotHashes),
    ])
    const [types, typeNames, stateKeys, stateKeyTexts] = await Promise.all([
      some(needs.types, (names) => store.eventTypesByName(names)),
      some(needs.typeNames, (nids) => store.eventTypesByNid(nids)),
      some(needs.stateKeys, (texts) => store.stateKeysByText(texts)),
      some(needs.stateKeyTexts, (nids) => store.stateKeysByNid(nids)),
    ])
    return {
      events: by(events, (record) => record.nid),
      eventsById: by(eventsById, (record) => record.eventId),
      snapshots: by(snapshots, (record) => record.nid),
      blocks: by(blocks, (record) => record.nid),
      blocksByHash: by(blocksByHash, (record) => record.hash),
      snapshotsByHash,
      typeNids: nidsOf(types),
      stateKeyNids: nidsOf(stateKeys),
      typeNames: textsOf(typeNames),
      stateKeyTexts: textsOf(stateKeyTexts),
    }
  }

  async #snapshotsByHash(
    wanted: GatheredNeeds['snapshotHashes'],
  ): Promise<ReadonlyMap<RoomNid, ReadonlyMap<string, SnapshotRecord>>> {
    const reads = [...wanted].map(async ([roomNid, hashes]) => {
      const found = await this.#store.snapshotsByHash(roomNid, [...hashes])
      return [roomNid, by(found, (record) => record.hash)] as const
    })
    return new Map(await Promise.all(reads))
  }
}

async function some<T, R>(
  wanted: ReadonlySet<T>,
  read: (wanted: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  return wanted.size === 0 ? [] : read([...wanted])
}

function by<K, V>(records: readonly V[], keyOf: (record: V) => K): ReadonlyMap<K, V> {
  return new Map(records.map((record) => [keyOf(record), record]))
}

function nidsOf<N extends number>(interned: readonly Interned<N>[]): ReadonlyMap<string, N> {
  return new Map(interned.map(({ nid, text }) => [text, nid]))
}

function textsOf<N extends number>(interned: readonly Interned<N>[]): ReadonlyMap<N, string> {
  return new Map(interned.map(({ nid, text }) => [nid, text]))
}
