import type { EventId, EventNid, RedactionRecord, RoomNid } from '@roomserver/types'
import { bulkInsert } from '../bulk.ts'
import type { Columns, Dialect } from '../dialect/dialect.ts'
import { prepare } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Redactions and what they redact, which may not be stored yet. */
export interface RedactionsTable {
  redaction_nid: EventNid
  room_nid: RoomNid
  applied: number
  redacts: EventId
}

const columns: Columns<RedactionsTable> = {
  redaction_nid: 'int',
  room_nid: 'int',
  applied: 'small',
  redacts: 'text',
}

export function redactionQueries(dialect: Dialect, build: Db) {
  const of = prepare(
    build
      .selectFrom('redactions')
      .selectAll()
      .where(dialect.among('redacts', 'text'))
      .orderBy('redaction_nid'),
  )
  return {
    of: async (db: Db, ids: readonly EventId[]) => (await of(db, dialect.list(ids))).map(toRedaction),
    put: bulkInsert(
      dialect,
      'redactions',
      columns,
      fromRedaction,
      'on conflict (redaction_nid) do update set applied = excluded.applied',
    ),
  }
}

function toRedaction(row: RedactionsTable): RedactionRecord {
  return {
    redaction: row.redaction_nid,
    roomNid: row.room_nid,
    redacts: row.redacts,
    applied: row.applied === 1,
  }
}

function fromRedaction(redaction: RedactionRecord): RedactionsTable {
  return {
    redaction_nid: redaction.redaction,
    room_nid: redaction.roomNid,
    applied: redaction.applied ? 1 : 0,
    redacts: redaction.redacts,
  }
}
