import { type AuthState, authStateOf, authTypesFor, createIdOf } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { allEntries, entryCount, lookup } from '@roomserver/state'
import {
  type EventId,
  type EventNid,
  type EventRecord,
  isRejected,
  NO_NID,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
  type Suspendable,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { damaged } from '../failures.ts'
import type { RecordNeed, RecordReader } from './record-reader.ts'

/** The events with these NIDs, in their order. */
export function* eventsOf(
  reader: RecordReader,
  nids: readonly EventNid[],
): Suspendable<RecordNeed, readonly EventRecord[]> {
  const missing = nids.filter((nid) => reader.event(nid) === undefined)
  if (missing.length > 0) yield { kind: 'events', nids: missing }
  return nids.map((nid) => reader.event(nid) ?? damaged('a referenced event is not stored'))
}

/** The events with these IDs, `null` for each that is not stored, in their order. */
export function* eventsWithIds(
  reader: RecordReader,
  ids: readonly EventId[],
): Suspendable<RecordNeed, readonly (EventRecord | null)[]> {
  const missing = ids.filter((id) => reader.eventById(id) === undefined)
  if (missing.length > 0) yield { kind: 'events-by-id', ids: missing }
  return ids.map((id) => reader.eventById(id) ?? null)
}

/** The event with this ID, or `null` if it is not stored. */
export function* eventWithId(reader: RecordReader, id: EventId): Suspendable<RecordNeed, EventRecord | null> {
  const [record = null] = yield* eventsWithIds(reader, [id])
  return record
}

/** A state as it is stored. */
export type Snapshot = Pick<SnapshotRecord, 'blocks'>

/** How many entries states have, for as long as these are cached: they never change, and all of a state is read to count them. */
const entryCounts = new WeakMap<Snapshot, number>()

/** How many entries a state has. */
export function* entriesOf(reader: RecordReader, snapshot: Snapshot): Suspendable<RecordNeed, number> {
  const known = entryCounts.get(snapshot)
  if (known !== undefined) return known
  const count = entryCount(yield* allEntries(snapshot, reader))
  entryCounts.set(snapshot, count)
  return count
}

/** A snapshot; the empty state for NID 0. */
export function* snapshotOf(reader: RecordReader, nid: SnapshotNid): Suspendable<RecordNeed, Snapshot> {
  if (nid === NO_NID) return { blocks: [] }
  if (reader.snapshot(nid) === undefined) yield { kind: 'snapshots', nids: [nid] }
  return reader.snapshot(nid) ?? damaged('a referenced state is not stored')
}

/** A place in a state, by words. */
export type Tuple = readonly [type: string, stateKey: string]

/** The events that a state has for these tuples, in their order; 0 where there is none. */
export function* eventsAt(
  reader: RecordReader,
  snapshot: SnapshotNid,
  tuples: readonly Tuple[],
): Suspendable<RecordNeed, readonly EventNid[]> {
  const blocks = yield* snapshotOf(reader, snapshot)
  const names = tuples.map(([type]) => type).filter((name) => reader.typeNid(name) === undefined)
  if (names.length > 0) yield { kind: 'types', names }
  const texts = tuples.map(([, key]) => key).filter((text) => reader.stateKeyNid(text) === undefined)
  if (texts.length > 0) yield { kind: 'state-keys', texts }
  const events: EventNid[] = []
  for (const [type, stateKey] of tuples) {
    const typeNid = reader.typeNid(type) ?? null
    const keyNid = reader.stateKeyNid(stateKey) ?? null
    events.push(typeNid === null || keyNid === null ? NO_NID : yield* lookup(blocks, typeNid, keyNid, reader))
  }
  return events
}

/** The event that a state has for a tuple; `undefined`: none. */
export function* eventAt(
  reader: RecordReader,
  snapshot: SnapshotNid,
  tuple: Tuple,
): Suspendable<RecordNeed, EventRecord | undefined> {
  const [nid = NO_NID] = yield* eventsAt(reader, snapshot, [tuple])
  return nid === NO_NID ? undefined : (yield* eventsOf(reader, [nid]))[0]
}

/** What the rules read of a state to check an event, as they read it; the create event that the room ID names, too. */
export function* authStateAt(
  reader: RecordReader,
  rules: RoomVersionRules,
  snapshot: SnapshotNid,
  event: Pdu,
): Suspendable<RecordNeed, AuthState> {
  const nids = yield* eventsAt(reader, snapshot, authTypesFor(event, rules))
  const records = yield* eventsOf(
    reader,
    nids.filter((nid) => nid !== NO_NID),
  )
  const createId = createIdOf(event)
  const create = createId === undefined ? null : yield* eventWithId(reader, createId)
  const named = create === null || isRejected(create.verdict) ? [] : [create]
  return authStateOf([...records, ...named].map((record) => reader.authPduOf(record, rules)))
}

/** The words of places in a state. */
export function* tuplesOf(
  reader: RecordReader,
  entries: readonly Pick<StateEntry, 'type' | 'stateKey'>[],
): Suspendable<RecordNeed, readonly Tuple[]> {
  const types = [...new Set(entries.map(({ type }) => type))].filter(
    (nid) => reader.typeName(nid) === undefined,
  )
  if (types.length > 0) yield { kind: 'type-names', nids: types }
  const keys = [...new Set(entries.map(({ stateKey }) => stateKey))].filter(
    (nid) => reader.stateKeyText(nid) === undefined,
  )
  if (keys.length > 0) yield { kind: 'state-key-texts', nids: keys }
  return entries.map(({ type, stateKey }): Tuple => {
    const name = reader.typeName(type) ?? damaged('an event type is not stored')
    return [name, reader.stateKeyText(stateKey) ?? damaged('a state key is not stored')]
  })
}
