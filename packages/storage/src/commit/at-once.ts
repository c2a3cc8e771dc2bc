import type { WriteSet } from '@roomserver/types'
import { CompiledQuery } from 'kysely'
import { type BulkWrite, lastOfEach } from '../bulk.ts'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { all, blocksOf, invitesOf, journalOf, membershipsOf, redactionsOf, updatesOf } from './batch.ts'

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
  const known = sets.filter((set) => set.room.revision > 0)
  const parts = [...statements(tables.rooms.advance, known), ...otherParts(tables, sets)]
  await db.executeQuery(combine(parts, known.length))
  return true
}

/** A statement does not see what its other parts store, so a write set may not change an event that it brings. */
function isIndependent(set: WriteSet): boolean {
  if (set.updates.length === 0) return true
  const brought = new Set(set.events.map(({ nid }) => nid))
  return set.updates.every(({ nid }) => !brought.has(nid))
}

function otherParts(tables: Tables, sets: readonly WriteSet[]): readonly CompiledQuery[] {
  const fresh = sets.filter((set) => set.room.revision === 0)
  return [
    ...statements(tables.rooms.add, fresh),
    ...statements(
      tables.eventTypes.add,
      lastOfEach(all(sets, 'eventTypes'), ({ nid }) => nid),
    ),
    ...statements(
      tables.stateKeys.add,
      lastOfEach(all(sets, 'stateKeys'), ({ nid }) => nid),
    ),
    ...statements(
      tables.blocks.add,
      lastOfEach(blocksOf(sets), ({ nid }) => nid),
    ),
    ...statements(tables.snapshots.add, all(sets, 'snapshots')),
    ...statements(tables.events.add, all(sets, 'events')),
    ...statements(tables.events.update, updatesOf(sets)),
    ...statements(tables.danglingPrev.add, all(sets, 'danglingPrev')),
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

/** Texts by the texts of their parts; there are few combinations. */
const combined = new Map<string, string>()
const MAX_COMBINED = 300

/** @param advanced - how many rows the first part has to change, or the statement divides by zero */
function combine(parts: readonly CompiledQuery[], advanced: number): CompiledQuery {
  const key = `${advanced > 0} ${parts.map((part) => part.sql).join('\n')}`
  const text = combined.get(key) ?? combinedText(parts, advanced > 0)
  if (combined.size < MAX_COMBINED) combined.set(key, text)
  const parameters = parts.flatMap((part) => part.parameters)
  return CompiledQuery.raw(text, advanced > 0 ? [...parameters, advanced] : parameters)
}

function combinedText(parts: readonly CompiledQuery[], isGuarded: boolean): string {
  let offset = 0
  const expressions = parts.map((part, index) => {
    const text = part.sql.replaceAll(/\$(\d+)/g, (_all, number: string) => `$${Number(number) + offset}`)
    offset += part.parameters.length
    return `part${index} as (${text})`
  })
  const guard = isGuarded
    ? `select 1 / (case when count(*) = $${offset + 1} then 1 else 0 end) as moved from part0`
    : 'select 1 as moved'
  return `with ${expressions.join(',\n')}\n${guard}`
}
