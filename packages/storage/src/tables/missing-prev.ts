import type { EventId, EventNid } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Prev events that were not stored when an event that names them came in. */
export interface MissingPrevEventsTable {
  prev: EventId
  by_nid: EventNid
}

const columns: Columns<MissingPrevEventsTable> = { prev: 'text', by_nid: 'int' }

export function missingPrevQueries(dialect: Dialect, build: Db) {
  const naming = prepare(
    build
      .selectFrom('missing_prev_events')
      .select(['prev', 'by_nid as by'])
      .where(dialect.among('prev', 'text')),
  )
  return {
    naming: (db: Db, ids: readonly EventId[]) => naming(db, dialect.list(ids)),
    add: bulkInsert(dialect, 'missing_prev_events', columns, fromMissingPrev),
  }
}

function fromMissingPrev({
  prev,
  by,
}: {
  readonly prev: EventId
  readonly by: EventNid
}): MissingPrevEventsTable {
  return { prev, by_nid: by }
}
