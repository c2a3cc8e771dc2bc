import type { CommitResult, RoomNid, WriteSet } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'

/** What somebody else changed or named in the meantime. */
export type Conflict = Extract<CommitResult, { kind: 'conflict' }>['over']

/** Thrown to undo a transaction in which write sets were found to conflict after something of theirs was written. */
export class Conflicts extends Error {
  readonly found: ReadonlyMap<WriteSet, Conflict>

  constructor(found: ReadonlyMap<WriteSet, Conflict>) {
    super('write sets conflict with what is stored')
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
  await advanceRooms(tx, tables, sets, conflicts)
  const live = sets.filter((set) => !conflicts.has(set))
  await writeState(tx, tables, live)
  await writeEvents(tx, tables, live)
  await writeDerived(tx, tables, live)
  await writeOutputs(tx, tables, live)
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
  const advanced = await tables.rooms.advance(tx, [...rooms.values()])
  for (const set of sets) {
    if (conflicts.has(set)) continue
    if (rooms.get(set.room.nid) !== set || !advanced.has(set.room.nid)) conflicts.set(set, 'room')
  }
}

const NONE: ReadonlySet<string> = new Set()

async function writeState(tx: Db, tables: Tables, sets: readonly WriteSet[]): Promise<void> {
  const blocks = all(sets, 'blocks')
  if (blocks.length > 0 && (await tables.blocks.insert(tx, blocks)) < blocks.length) {
    const stored = await tables.blocks.byHashes(
      tx,
      blocks.map(({ hash }) => hash),
    )
    const nids = new Map(stored.map((block) => [block.hash, block.nid]))
    undo(sets, 'block', (set) => set.blocks.some((block) => nids.get(block.hash) !== block.nid))
  }
  const snapshots = all(sets, 'snapshots')
  if (snapshots.length > 0 && (await tables.snapshots.insert(tx, snapshots)) < snapshots.length) {
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

async function writeEvents(tx: Db, tables: Tables, sets: readonly WriteSet[]): Promise<void> {
  const events = all(sets, 'events')
  if (events.length > 0 && (await tables.events.insert(tx, events)) < events.length) {
    const stored = await tables.events.nidsOf(
      tx,
      events.map(({ eventId }) => eventId),
    )
    const nids = new Map(stored.map((event) => [event.event_id, event.nid]))
    undo(sets, 'event', (set) => set.events.some((event) => nids.get(event.eventId) !== event.nid))
  }
  const updates = all(sets, 'updates')
  if (updates.length > 0) await tables.events.update(tx, updates)
  const dangling = all(sets, 'danglingPrev')
  if (dangling.length > 0) await tables.danglingPrev.insert(tx, dangling)
}

async function writeDerived(tx: Db, tables: Tables, sets: readonly WriteSet[]): Promise<void> {
  const memberships = all(sets, 'memberships')
  if (memberships.length > 0) await tables.memberships.upsert(tx, memberships)
  const invites = all(sets, 'invites')
  if (invites.length > 0) await tables.invites.upsert(tx, invites)
  const redactions = all(sets, 'redactions')
  if (redactions.length > 0) await tables.redactions.upsert(tx, redactions)
  const journals = sets.filter((set) => set.journal.length > 0).map((set) => set.journal)
  if (journals.length > 0) await tables.journal.insert(tx, journals)
  const transactions = all(sets, 'transactions')
  if (transactions.length > 0) await tables.transactions.insert(tx, transactions)
}

async function writeOutputs(tx: Db, tables: Tables, sets: readonly WriteSet[]): Promise<void> {
  const outputs = all(sets, 'outputs')
  if (outputs.length > 0) await tables.outputs.insert(tx, outputs)
  const settled = all(sets, 'inboxDone')
  if (settled.length > 0) await tables.inbox.remove(tx, settled)
}

type Lists = { [K in keyof WriteSet as WriteSet[K] extends readonly unknown[] ? K : never]: WriteSet[K] }

/** One list of all the write sets, end to end. */
function all<K extends keyof Lists>(sets: readonly WriteSet[], list: K): readonly Lists[K][number][] {
  const [only] = sets
  if (sets.length === 1 && only !== undefined) return only[list]
  return sets.flatMap((set): readonly Lists[K][number][] => set[list])
}

function undo(sets: readonly WriteSet[], over: Conflict, isHit: (set: WriteSet) => boolean): void {
  const hit = sets.filter(isHit)
  if (hit.length > 0) throw new Conflicts(new Map(hit.map((set) => [set, over])))
}
