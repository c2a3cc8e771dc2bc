import type { Migration } from './migration.ts'

/** Leases need not outlive a crash of the database, and so need not wait for the disk. */
export const quickLeases: Migration = {
  version: 5,
  name: 'quick leases',
  breaking: false,
  tables: [],
  rows: 'writes the table leases anew, which is small',
  up: async (db, dialect) => {
    await dialect.schema.unlogged('leases').execute(db)
  },
}
