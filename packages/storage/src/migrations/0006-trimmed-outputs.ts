import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const trimmedOutputs: Migration = {
  version: 6,
  name: 'trimmed outputs',
  breaking: false,
  tables: [
    {
      name: 'output_marks',
      about:
        'How far the embedded output log had come at a time (ts: milliseconds since the epoch), so that outputs can be dropped by age. The counter "output" is the position of the first output that is kept.',
      columns: { position: 'int', ts: 'int' },
      key: ['position'],
    },
  ],
  up: async (db) => {
    await sql`insert into counters (kind, next) values (${'output'}, ${1})`.execute(db)
  },
}
