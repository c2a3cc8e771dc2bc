import { sql } from 'kysely'
import type { Migration } from './migration.ts'

export const outputBytes: Migration = {
  version: 7,
  name: 'output bytes',
  breaking: false,
  tables: [],
  columns: [
    {
      table: 'output_marks',
      about:
        'bytes: what the outputs from the mark before to this one take, so that outputs can be dropped by bytes.',
      columns: { bytes: 'int' },
    },
  ],
  rows: 'adds up the bytes of outputs between the rows of output_marks',
  up: async (db) => {
    await sql`update output_marks set bytes = coalesce((select sum(octet_length(body)) from outputs
      where outputs.position <= output_marks.position and outputs.position > coalesce(
        (select max(earlier.position) from output_marks as earlier
          where earlier.position < output_marks.position), 0)), 0)`.execute(db)
  },
}
