import type { WriteSet } from '@roomserver/types'
import type { CompiledQuery } from 'kysely'
import { type BulkWrite, lastOfEach } from '../bulk.ts'
import type { PieceWrites } from '../pieces.ts'
import type { Db } from '../schema.ts'
import { lastOfEachEvent } from '../tables/told-states.ts'
import type { Tables } from '../tables/tables.ts'
import { all, blocksOf, invitesOf, journalOf, membershipsOf, redactionsOf, updatesOf } from './batch.ts'
import { combine, type Guard } from './combine.ts'

/**
 * Stores write sets with one statement, and so with one round trip to the server and one wait for the disk: a
 * transaction of its own in which every table's rows are a common table expression. It goes through only when nothing
 * stands in its way; whatever does makes the statement fail as a whole, and somebody else finds out what it was.
 *
 * @returns whether the write sets were stored
 * @throws what the database answers; then nothing was stored, or the connection was lost before it said so
 */
export async function commitAtOnce(db: Db, tables: Tables, sets: readonly WriteSet[]): Promise<boolean> {
  if (!sets.every(isIndependent)) return false
  const guards = [...advanced(tables, sets), ...unmentioned(tables, sets), ...pieces(tables, sets)]
  await db.executeQuery(combine(guards, rows(tables, sets)))
  return true
}

/** A statement does not see what its other parts store, so a write set may not change an event that it brings. */
function isIndependent(set: WriteSet): boolean {
  if (set.updates.length === 0) return true
  const brought = new Set(set.events.map(({ nid }) => nid))
  return set.updates.every(({ nid }) => !brought.has(nid))
}

/** Every room has to be moved on from the revision that was read; in one order, so that nobody locks others out. */
function advanced(tables: Tables, sets: readonly WriteSet[]): readonly Guard[] {
  const known = sets.filter((set) => set.room.revision > 0).toSorted((a, b) => a.room.nid - b.room.nid)
  const [moved] = statements(tables.rooms.advance, known)
  return moved === undefined ? [] : [{ changing: moved, expected: known.length }]
}

/** Nothing may be known of the events of which nothing was read. */
function unmentioned({ mentions }: Tables, sets: readonly WriteSet[]): readonly Guard[] {
  const ids = all(sets, 'unmentioned')
  return ids.length === 0 ? [] : [{ found: mentions.count(ids), expected: 0 }]
}

/** Every piece has to be new, or there already under the NID that it has in the write set. */
function pieces(tables: Tables, sets: readonly WriteSet[]): readonly Guard[] {
  return [
    ...stored(tables.eventTypes, all(sets, 'eventTypes')),
    ...stored(tables.stateKeys, all(sets, 'stateKeys')),
    ...stored(tables.blocks, blocksOf(sets)),
    ...stored(tables.snapshots, all(sets, 'snapshots')),
  ]
}

function stored<T extends { readonly nid: number }>(
  table: PieceWrites<T>,
  items: readonly T[],
): readonly Guard[] {
  const once = lastOfEach(items, ({ nid }) => nid)
  const [added] = statements(table.addMissing, once)
  const [same] = statements(table.countSame, once)
  if (added === undefined || same === undefined) return []
  return [{ changing: added, found: same, expected: once.length }]
}

function rows(tables: Tables, sets: readonly WriteSet[]): readonly CompiledQuery[] {
  const fresh = sets.filter((set) => set.room.revision === 0)
  return [
    ...statements(tables.rooms.add, fresh),
    ...statements(tables.events.add, all(sets, 'events')),
    ...statements(tables.events.update, updatesOf(sets)),
    ...statements(tables.danglingPrev.add, all(sets, 'danglingPrev')),
    ...statements(tables.toldStates.put, lastOfEachEvent(all(sets, 'toldStates'))),
    ...statements(tables.memberships.put, membershipsOf(sets)),
    ...statements(tables.invites.put, invitesOf(sets)),
    ...statements(tables.redactions.put, redactionsOf(sets)),
    ...statements(tables.journal.add, journalOf(sets)),
    ...statements(tables.transactions.add, all(sets, 'transactions')),
    ...statements(tables.outputs.add, all(sets, 'outputs')),
    ...tables.inbox.removal(all(sets, 'inboxDone')),
  ]
}

function statements<T>(into: BulkWrite<T>, items: readonly T[]): readonly CompiledQuery[] {
  return items.length === 0 ? [] : into.statements(items)
}
