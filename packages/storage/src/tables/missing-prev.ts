import type { EventId, WriteSet } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare } from '../prepared.ts'
import { int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<WriteSet['missingPrevEvents'][number]>()({
  prev: text('prev'),
  by: int('by_nid'),
})

/** Prev events that were not stored when an event that names them came in. */
export type MissingPrevEventsTable = RowOf<typeof format>

export function missingPrevQueries(dialect: Dialect, build: Db) {
  const naming = prepare(
    build
      .selectFrom('missing_prev_events')
      .select(['prev', 'by_nid as by'])
      .where(dialect.among('prev', 'text')),
  )
  return {
    naming: (db: Db, ids: readonly EventId[]) => naming(db, dialect.list(ids)),
    add: bulkInsert(dialect, 'missing_prev_events', format),
  }
}
