import type { EventId, EventNid } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Dialect } from '../dialects.ts'
import { prepare } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Prev events that were not stored when an event that names them came in. */
export interface DanglingPrevTable {
  prev: EventId
  by_nid: EventNid
}

export function danglingPrevQueries(dialect: Dialect, build: Db) {
  const naming = prepare(
    build.selectFrom('dangling_prev').select(['prev', 'by_nid as by']).where(dialect.among('prev', 'text')),
  )
  const insert = bulkInsert<DanglingPrevTable>(dialect, 'dangling_prev', { prev: 'text', by_nid: 'int' })
  return {
    naming: (db: Db, ids: readonly EventId[]) => naming(db, dialect.list(ids)),
    insert: (db: Db, rows: readonly { readonly prev: EventId; readonly by: EventNid }[]) =>
      insert(
        db,
        rows.map(({ prev, by }) => ({ prev, by_nid: by })),
      ),
  }
}
