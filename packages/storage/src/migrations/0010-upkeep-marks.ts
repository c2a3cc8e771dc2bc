import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** What upkeep has to know to go on where it stopped: which room the scrubber is at, and how old transactions are. */
export const upkeepMarks: Migration = {
  version: 10,
  name: 'upkeep marks',
  breaking: false,
  tables: [],
  columns: [
    {
      table: 'transactions',
      about: 'ts: milliseconds since the epoch, by the clock of the database.',
      columns: { ts: 'int' },
    },
  ],
  indexes: [{ table: 'transactions', columns: ['ts'] }],
  rows: 'changes every row of transactions',
  up: async (db, dialect) => {
    await sql`update transactions set ts = ${dialect.nowMs}`.execute(db)
    await sql`insert into counters (kind, next) values (${'scrubber'}, ${0})`.execute(db)
  },
}
