import type { WriteSet } from '@roomserver/types'
import type { CompiledQuery } from 'kysely'
import type { BulkWrite } from '../bulk.ts'
import type { Db } from '../schema.ts'
import { lastOfEachEvent } from '../tables/remote-states.ts'
import type { Tables } from '../tables/tables.ts'
import { all, invitesOf, journalOf, membershipsOf, redactionsOf, updatesOf } from './batch.ts'

/** What write sets have written to one table. */
interface Part {
  /** Writes the rows. */
  readonly run: (tx: Db, tables: Tables, sets: readonly WriteSet[]) => Promise<void>
  /** The statements that {@link run} executes, each under a condition. */
  readonly statements: (
    tables: Tables,
    sets: readonly WriteSet[],
    condition: string,
  ) => readonly CompiledQuery[]
}

/**
 * What a commit writes once it is certain that its rooms are as they were read and its events are new, in the order in
 * which it is written. Both ways of storing a commit follow this list: one statement for all, or a statement for each.
 */
export const PARTS: readonly Part[] = [
  part(({ events }) => events.update, updatesOf),
  part(
    ({ missingPrevEvents }) => missingPrevEvents.add,
    (sets) => all(sets, 'missingPrevEvents'),
  ),
  part(
    ({ remoteStates }) => remoteStates.put,
    (sets) => lastOfEachEvent(all(sets, 'remoteStates')),
  ),
  part(({ memberships }) => memberships.put, membershipsOf),
  part(({ invites }) => invites.put, invitesOf),
  part(({ redactions }) => redactions.put, redactionsOf),
  part(({ journal }) => journal.add, journalOf),
  part(
    ({ transactions }) => transactions.add,
    (sets) => all(sets, 'transactions'),
  ),
  part(
    ({ outputs }) => outputs.add,
    (sets) => all(sets, 'outputs'),
  ),
  part(
    ({ inbox }) => inbox.remove,
    (sets) => all(sets, 'inboxDone'),
  ),
]

/**
 * @param into - what writes to the table
 * @param itemsOf - what the table gets of the write sets
 */
function part<Item>(
  into: (tables: Tables) => BulkWrite<Item>,
  itemsOf: (sets: readonly WriteSet[]) => readonly Item[],
): Part {
  return {
    run: async (tx, tables, sets) => {
      const items = itemsOf(sets)
      if (items.length > 0) await into(tables).run(tx, items)
    },
    statements: (tables, sets, condition) => {
      const items = itemsOf(sets)
      return items.length === 0 ? [] : into(tables).statements(items, condition)
    },
  }
}
