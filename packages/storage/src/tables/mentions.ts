import type { EventId, EventNid, Mention, RoomNid } from '@roomserver/types'
import { CompiledQuery, sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare } from '../prepared.ts'
import type { Db } from '../schema.ts'

interface MentionRow {
  readonly kind: number
  readonly id: EventId
  readonly nid: EventNid
  readonly room_nid: RoomNid
  readonly applied: number
}

/** In the order of their codes. */
const KINDS: readonly Mention['kind'][] = ['event', 'prev-event', 'redaction']

/** One query for all that has to be known of every event that comes in: each would be a round trip of its own. */
export function mentionQueries(dialect: Dialect, build: Db) {
  const nothing = sql.lit(0)
  const find = prepare<MentionRow>(
    build
      .selectFrom('events')
      .select([
        sql.lit<number>(0).as('kind'),
        'event_id as id',
        'nid',
        'room_nid',
        sql<number>`${nothing}`.as('applied'),
      ])
      .where(dialect.among('event_id', 'text'))
      .unionAll(
        build
          .selectFrom('missing_prev_events')
          .select([
            sql.lit<number>(1).as('kind'),
            'prev as id',
            'by_nid as nid',
            sql<RoomNid>`${nothing}`.as('room_nid'),
            sql<number>`${nothing}`.as('applied'),
          ])
          .where(dialect.among('prev', 'text')),
      )
      .unionAll(
        build
          .selectFrom('redactions')
          .select([
            sql.lit<number>(2).as('kind'),
            'redacts as id',
            'redaction_nid as nid',
            'room_nid',
            'applied',
          ])
          .where(dialect.among('redacts', 'text')),
      ),
  )
  const count = sql<{ n: number }>`select
    (select count(*) from events where ${dialect.among('event_id', 'text')})
    + (select count(*) from missing_prev_events where ${dialect.among('prev', 'text')})
    + (select count(*) from redactions where ${dialect.among('redacts', 'text')}) as n`.compile(build)
  return {
    of: async (db: Db, ids: readonly EventId[]): Promise<readonly Mention[]> => {
      const list = dialect.list(ids)
      return (await find(db, list, list, list)).map(toMention)
    },
    /** The statement that counts them, as `n`. */
    count: (ids: readonly EventId[]): CompiledQuery => {
      const list = dialect.list(ids)
      return CompiledQuery.raw(count.sql, [list, list, list])
    },
  }
}

function toMention({ kind: code, id, nid, room_nid: roomNid, applied }: MentionRow): Mention {
  const kind = KINDS[code] ?? 'event'
  if (kind === 'event') return { kind, id }
  if (kind === 'prev-event') return { kind, id, by: nid }
  return { kind, id, redaction: { redaction: nid, roomNid, redacts: id, applied: applied === 1 } }
}
