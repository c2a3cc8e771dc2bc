import type { CommitResult, RoomNid, WriteSet } from '@roomserver/types'
import type { BulkWrite } from '../bulk.ts'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { all, blocksOf } from './batch.ts'
import { PARTS } from './parts.ts'

/** What somebody else changed or named in the meantime. */
export type Conflict = Extract<CommitResult, { kind: 'conflict' }>['over']

/** Thrown to undo a transaction in which write sets were found to conflict after something of theirs was written. */
export class Conflicts extends Error {
  readonly found: ReadonlyMap<WriteSet, Conflict>

  constructor(found: ReadonlyMap<WriteSet, Conflict>) {
    super('write sets conflict with stored rows')
    this.found = found
  }
}

/**
 * Writes the write sets, in the order that keeps two processes from locking each other out: strings, rooms, the rest.
 *
 * @returns the write sets of which nothing (but strings, which belong to nobody) was written, and over what
 * @throws {Conflicts} when the transaction has to be undone and run again without some of them
 */
export async function writeAll(
  tx: Db,
  tables: Tables,
  sets: readonly WriteSet[],
): Promise<ReadonlyMap<WriteSet, Conflict>> {
  const conflicts = await internStrings(tx, tables, sets)
  await findMentioned(tx, tables, sets, conflicts)
  await advanceRooms(tx, tables, sets, conflicts)
  const live = sets.filter((set) => !conflicts.has(set))
  await writeState(tx, tables, live)
  await addEvents(tx, tables, live)
  for (const part of PARTS) await part.run(tx, tables, live)
  return conflicts
}

async function internStrings(
  tx: Db,
  tables: Tables,
  sets: readonly WriteSet[],
): Promise<Map<WriteSet, Conflict>> {
  const conflicts = new Map<WriteSet, Conflict>()
  const types = all(sets, 'eventTypes')
  const keys = all(sets, 'stateKeys')
  const takenTypes = types.length > 0 ? await tables.eventTypes.intern(tx, types) : NONE
  const takenKeys = keys.length > 0 ? await tables.stateKeys.intern(tx, keys) : NONE
  if (takenTypes.size + takenKeys.size === 0) return conflicts
  for (const set of sets) {
    const isTaken =
      set.eventTypes.some(({ text }) => takenTypes.has(text)) ||
      set.stateKeys.some(({ text }) => takenKeys.has(text))
    if (isTaken) conflicts.set(set, 'string')
  }
  return conflicts
}

const NONE: ReadonlySet<string> = new Set()

async function findMentioned(
  tx: Db,
  { mentions }: Tables,
  sets: readonly WriteSet[],
  conflicts: Map<WriteSet, Conflict>,
): Promise<void> {
  const ids = all(sets, 'unmentioned')
  if (ids.length === 0) return
  const mentioned = new Set((await mentions.of(tx, ids)).map(({ id }) => id))
  if (mentioned.size === 0) return
  for (const set of sets) {
    if (set.unmentioned.some((id) => mentioned.has(id))) conflicts.set(set, 'event')
  }
}

/** Of several write sets to one room the first goes on; the others were decided on what it changes. */
async function advanceRooms(
  tx: Db,
  tables: Tables,
  sets: readonly WriteSet[],
  conflicts: Map<WriteSet, Conflict>,
): Promise<void> {
  const rooms = new Map<RoomNid, WriteSet>()
  for (const set of sets) {
    if (!conflicts.has(set) && !rooms.has(set.room.nid)) rooms.set(set.room.nid, set)
  }
  const advanced = await tables.rooms.advanceAll(tx, [...rooms.values()])
  for (const set of sets) {
    if (conflicts.has(set)) continue
    if (rooms.get(set.room.nid) !== set || !advanced.has(set.room.nid)) conflicts.set(set, 'room')
  }
}

async function writeState(tx: Db, tables: Tables, sets: readonly WriteSet[]): Promise<void> {
  const blocks = blocksOf(sets)
  if (await isAnyThere(tx, tables.blocks.addMissing, blocks)) {
    const stored = await tables.blocks.byHashes(
      tx,
      blocks.map(({ hash }) => hash),
    )
    const nids = new Map(stored.map((block) => [block.hash, block.nid]))
    undo(sets, 'block', (set) => set.blocks.some((block) => nids.get(block.hash) !== block.nid))
  }
  const snapshots = all(sets, 'snapshots')
  if (await isAnyThere(tx, tables.snapshots.addMissing, snapshots)) {
    const stored = await tables.snapshots.byNids(
      tx,
      snapshots.map(({ nid }) => nid),
    )
    const hashes = new Map(stored.map((snapshot) => [snapshot.nid, snapshot.hash]))
    undo(sets, 'snapshot', (set) =>
      set.snapshots.some((snapshot) => hashes.get(snapshot.nid) !== snapshot.hash),
    )
  }
}

async function addEvents(tx: Db, tables: Tables, sets: readonly WriteSet[]): Promise<void> {
  const events = all(sets, 'events')
  if (events.length === 0) return
  const { rows } = await tables.events.addMissing.run(tx, events)
  const added = new Set(rows.map((row) => row['nid']))
  if (added.size < events.length) {
    undo(sets, 'event', (set) => set.events.some(({ nid }) => !added.has(nid)))
  }
}

/** Stores items; tells whether any of them was there already and so passed over. */
async function isAnyThere<T>(tx: Db, into: BulkWrite<T>, items: readonly T[]): Promise<boolean> {
  return items.length > 0 && (await into.run(tx, items)).affected < items.length
}

function undo(sets: readonly WriteSet[], over: Conflict, isHit: (set: WriteSet) => boolean): void {
  const hit = sets.filter(isHit)
  if (hit.length > 0) throw new Conflicts(new Map(hit.map((set) => [set, over])))
}
