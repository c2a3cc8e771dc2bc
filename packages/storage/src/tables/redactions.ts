import type { EventId, RedactionRecord } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare } from '../prepared.ts'
import { flag, int, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<RedactionRecord>()({
  redaction: int('redaction_nid'),
  roomNid: int('room_nid'),
  applied: flag('applied'),
  redacts: text('redacts'),
})

/** Redactions and what they redact, which may not be stored yet. */
export type RedactionsTable = RowOf<typeof format>

export function redactionQueries(dialect: Dialect, build: Db) {
  const of = prepare(
    build
      .selectFrom('redactions')
      .selectAll()
      .where(dialect.among('redacts', 'text'))
      .orderBy('redaction_nid'),
  )
  return {
    of: async (db: Db, ids: readonly EventId[]) => (await of(db, dialect.list(ids))).map(format.toItem),
    put: bulkInsert(
      dialect,
      'redactions',
      format,
      'on conflict (redaction_nid) do update set applied = excluded.applied',
    ),
  }
}
