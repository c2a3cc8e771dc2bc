import { NO_NID, type RoomNid } from '@roomserver/types'
import type { RecordStore } from '../ports.ts'
import {
  ALL_RECORD_KINDS,
  emptyRecordMaps,
  keysOf,
  type Need,
  RECORD_KINDS,
  type RecordKey,
  type RecordKind,
  type RecordMaps,
  type RecordValue,
} from './record-kinds.ts'

/** The records that many computations ask for at the same time, each once; and what was found, once they are read. */
export class RecordBatch {
  /** By the room that the keys belong to; 0: keys that are the same in all rooms. */
  readonly #rooms = new Map<RoomNid, RecordMaps>()

  /** @param roomNid - the room that the need is about */
  add(need: Need, roomNid: RoomNid): void {
    this.#add(need.kind, keysOf(need), roomNid)
  }

  /** Reads all of them, by one read for each kind. */
  async read(store: RecordStore): Promise<void> {
    const reads = [...this.#rooms].flatMap(([roomNid, maps]) =>
      ALL_RECORD_KINDS.map((kind) => readInto(maps, kind, store, roomNid)),
    )
    await Promise.all(reads)
  }

  /** What was found for a key; `undefined`: nothing is stored. */
  get<K extends RecordKind>(kind: K, key: RecordKey<K>, roomNid: RoomNid): RecordValue<K> | undefined {
    return this.#rooms.get(placeOf(kind, roomNid))?.[kind].get(key) ?? undefined
  }

  /** Everything of a kind that was found. */
  *found<K extends RecordKind>(kind: K): Generator<readonly [RecordKey<K>, RecordValue<K>]> {
    for (const maps of this.#rooms.values()) {
      for (const [key, value] of maps[kind]) if (value !== null) yield [key, value]
    }
  }

  #add<K extends RecordKind>(kind: K, keys: readonly RecordKey<K>[], roomNid: RoomNid): void {
    const place = placeOf(kind, roomNid)
    const maps = this.#rooms.get(place) ?? emptyRecordMaps()
    this.#rooms.set(place, maps)
    for (const key of keys) maps[kind].set(key, null)
  }
}

function placeOf(kind: RecordKind, roomNid: RoomNid): RoomNid {
  return RECORD_KINDS[kind].isOfRoom === true ? roomNid : NO_NID
}

async function readInto<K extends RecordKind>(
  maps: RecordMaps,
  kind: K,
  store: RecordStore,
  roomNid: RoomNid,
): Promise<void> {
  const asked = maps[kind]
  if (asked.size === 0) return
  const found = await RECORD_KINDS[kind].read(store, [...asked.keys()], roomNid)
  for (const [key, value] of found) asked.set(key, value)
}
