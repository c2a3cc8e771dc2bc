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

/** The kinds of record that rooms are made of: by what one is asked for, and what is found. */
interface RecordKinds {
  events: Kind<'nids', EventNid, EventRecord>
  'events-by-id': Kind<'ids', EventId, EventRecord>
  snapshots: Kind<'nids', SnapshotNid, SnapshotRecord>
  blocks: Kind<'nids', BlockNid, BlockRecord>
  /** NIDs of event types. */
  types: Kind<'names', string, EventTypeNid>
  /** Names of event types. */
  'type-names': Kind<'nids', EventTypeNid, string>
  /** NIDs of state keys. */
  'state-keys': Kind<'texts', string, StateKeyNid>
  /** Texts of state keys. */
  'state-key-texts': Kind<'nids', StateKeyNid, string>
  /** Whether an equal block is stored already. */
  'block-hash': Kind<'hash', string, BlockRecord>
  /** Whether an equal snapshot of the room is stored already. */
  'snapshot-hash': Kind<'hash', string, SnapshotRecord>
}

interface Kind<By extends string, Key, Value> {
  /** What the keys are called in a need; a hash is asked for alone. */
  readonly by: By
  readonly key: Key
  readonly value: Value
}

/** The name of a kind of record. */
export type RecordKind = keyof RecordKinds

/**
 * What a computation over a view lacks before it can go on. Lists may be long; each is loaded in one go, and together with
 * what others need at that moment. What `@roomserver/state` asks for is part of this.
 */
export type Need = {
  [K in RecordKind]: { readonly kind: K } & {
    readonly [By in RecordKinds[K]['by']]: By extends 'hash' ? RecordKey<K> : readonly RecordKey<K>[]
  }
}[RecordKind]

/** The keys of the records that are needed, whatever they are called. */
export function keysOf(need: Need): readonly RecordKey<RecordKind>[] {
  if ('nids' in need) return need.nids
  if ('ids' in need) return need.ids
  if ('names' in need) return need.names
  return 'texts' in need ? need.texts : [need.hash]
}

/** By what a record of a kind is asked for. */
export type RecordKey<K extends RecordKind> = RecordKinds[K]['key']

/** What is found then. */
export type RecordValue<K extends RecordKind> = RecordKinds[K]['value']

/** Pairs of a key and what was found for it; keys for which nothing is stored are left out. */
type Read<K extends RecordKind> = Promise<readonly (readonly [RecordKey<K>, RecordValue<K>])[]>

interface KindOfRecord<K extends RecordKind> {
  /** Reads records of the kind. */
  read(store: RecordStore, keys: readonly RecordKey<K>[], roomNid: RoomNid): Read<K>
  /** Whether one may well not be stored, so that it is worth remembering which are not. */
  readonly mayBeAbsent?: boolean
  /** Whether the same key is something else in another room. */
  readonly isOfRoom?: boolean
}

/** How each kind is read. The loader, the view and the cache go by this table. */
export const RECORD_KINDS: { readonly [K in RecordKind]: KindOfRecord<K> } = {
  events: { read: async (store, nids) => by(await store.eventsByNid(nids), ({ nid }) => nid) },
  'events-by-id': {
    read: async (store, ids) => by(await store.eventsById(ids), ({ eventId }) => eventId),
    mayBeAbsent: true,
  },
  snapshots: { read: async (store, nids) => by(await store.snapshots(nids), ({ nid }) => nid) },
  blocks: { read: async (store, nids) => by(await store.blocks(nids), ({ nid }) => nid) },
  types: { read: async (store, names) => nidsBy(await store.eventTypesByName(names)), mayBeAbsent: true },
  'type-names': { read: async (store, nids) => textsBy(await store.eventTypesByNid(nids)) },
  'state-keys': {
    read: async (store, texts) => nidsBy(await store.stateKeysByText(texts)),
    mayBeAbsent: true,
  },
  'state-key-texts': { read: async (store, nids) => textsBy(await store.stateKeysByNid(nids)) },
  'block-hash': {
    read: async (store, hashes) => by(await store.blocksByHash(hashes), ({ hash }) => hash),
    mayBeAbsent: true,
  },
  'snapshot-hash': {
    read: async (store, hashes, room) => by(await store.snapshotsByHash(room, hashes), ({ hash }) => hash),
    mayBeAbsent: true,
    isOfRoom: true,
  },
}

/** The names of all kinds. */
export const ALL_RECORD_KINDS: readonly RecordKind[] = namesOf(RECORD_KINDS)

/** Records by their keys, one map for each kind; `null`: asked for, and not found. */
export type RecordMaps = { readonly [K in RecordKind]: Map<RecordKey<K>, RecordValue<K> | null> }

export function emptyRecordMaps(): RecordMaps {
  return {
    events: new Map(),
    'events-by-id': new Map(),
    snapshots: new Map(),
    blocks: new Map(),
    types: new Map(),
    'type-names': new Map(),
    'state-keys': new Map(),
    'state-key-texts': new Map(),
    'block-hash': new Map(),
    'snapshot-hash': new Map(),
  }
}

function by<K, V>(records: readonly V[], keyOf: (record: V) => K): readonly (readonly [K, V])[] {
  return records.map((record) => [keyOf(record), record] as const)
}

function nidsBy<N extends number>(interned: readonly Interned<N>[]): readonly (readonly [string, N])[] {
  return interned.map(({ nid, text }) => [text, nid] as const)
}

function textsBy<N extends number>(interned: readonly Interned<N>[]): readonly (readonly [N, string])[] {
  return interned.map(({ nid, text }) => [nid, text] as const)
}

function namesOf<T extends object>(table: T): readonly Extract<keyof T, string>[] {
  const names: Extract<keyof T, string>[] = []
  for (const name in table) names.push(name)
  return names
}
