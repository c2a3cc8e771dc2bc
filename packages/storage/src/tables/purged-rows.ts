import type { EventId, EventNid, RoomNid } from '@roomserver/types'
import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Places in a table that is read in the order of its key. */
export type TransactionKey = readonly [sessionId: number, userId: string, transactionId: string]

/** Deletes what is stored of a room that was taken out. */
export function purgedRowQueries(dialect: Dialect, build: Db) {
  const ofEvents = (table: string, column: string) =>
    prepare(sql`delete from ${sql.table(table)} where ${dialect.among(column, 'int')}`.compile(build))
  const [invites, redactions, remoteStates, events] = [
    ofEvents('invites', 'event_nid'),
    ofEvents('redactions', 'redaction_nid'),
    ofEvents('remote_states', 'event_nid'),
    ofEvents('events', 'nid'),
  ]
  // There is an index by the ID of what is missing, and none by the event.
  const missing = prepare(
    sql`delete from missing_prev_events
      where ${dialect.among('prev', 'text')} and ${dialect.among('by_nid', 'int')}`.compile(build),
  )
  const slice = (table: string, key: readonly string[], which: RawBuilder<boolean> = sql`true`) => {
    const columns = sql.join(key.map((column) => sql.ref(column)))
    const remove = prepare(
      sql<{
        n: number
      }>`delete from ${sql.table(table)} where room_nid = ${slot<RoomNid>()} and (${columns}) in
        (select ${columns} from ${sql.table(table)} where room_nid = ${slot<RoomNid>()} and ${which}
          order by ${columns} limit ${slot<number>()}) returning 1 as n`.compile(build),
    )
    return async (db: Db, room: RoomNid, limit: number): Promise<number> =>
      (await remove(db, room, room, limit)).length
  }
  const nextDelivered = prepare(
    sql<{ last: number | null }>`select max(sequence) as last from (select sequence from delivered_outputs
      where sequence > ${slot<number>()} order by sequence limit ${slot<number>()}) as page`.compile(build),
  )
  const delivered = prepare(
    sql`delete from delivered_outputs where sequence > ${slot<number>()} and sequence <= ${slot<number>()}
      and room_nid = ${slot<RoomNid>()} and sequence < (select max(sequence) from delivered_outputs)`.compile(
      build,
    ),
  )
  const place = sql`(session_id, user_id, transaction_id)`
  const key = sql`(${slot<number>()}, ${slot<string>()}, ${slot<string>()})`
  const nextTransactions = prepare(
    sql<{ session_id: number; user_id: string; transaction_id: string }>`
      select session_id, user_id, transaction_id from transactions where ${place} > ${key}
      order by session_id, user_id, transaction_id limit ${slot<number>()}`.compile(build),
  )
  const transactions = prepare(
    sql`delete from transactions where ${place} > ${key} and ${place} <= ${key}
      and not exists (select 1 from events where events.event_id = transactions.event_id)`.compile(build),
  )
  return {
    /** Events, and rows that say nothing without them. */
    ofEvents: async (db: Db, nids: readonly EventNid[], prevEvents: readonly EventId[]) => {
      const list = dialect.list(nids)
      await missing(db, dialect.list(prevEvents), list)
      for (const remove of [invites, redactions, remoteStates, events]) await remove(db, list)
    },
    /** By table, deletes some rows of a room; returns how many, as many as the limit: there may be more. */
    slices: [
      slice('memberships', ['user_nid']),
      slice('journal', ['revision', 'place']),
      slice('purged_events', ['event_id']),
      // The latest output of the log stays: readers go on behind it.
      slice('outputs', ['seq'], sql<boolean>`position < (select max(position) from outputs)`),
    ],
    /**
     * Looks at some delivered outputs behind a number, and deletes those of a room; the latest of all stays, by which the
     * stream is compared.
     *
     * @returns the last number that was looked at; `undefined`: there are no more
     */
    delivered: async (db: Db, room: RoomNid, after: number, limit: number): Promise<number | undefined> => {
      const last = (await nextDelivered(db, after, limit))[0]?.last ?? undefined
      if (last !== undefined) await delivered(db, after, last, room)
      return last
    },
    /**
     * Looks at some transactions behind one, and deletes those whose event is not stored.
     *
     * @returns the last that was looked at; `undefined`: there are no more
     */
    transactions: async (
      db: Db,
      after: TransactionKey,
      limit: number,
    ): Promise<TransactionKey | undefined> => {
      const last = (await nextTransactions(db, ...after, limit)).at(-1)
      if (last === undefined) return undefined
      const to = [last.session_id, last.user_id, last.transaction_id] as const
      await transactions(db, ...after, ...to)
      return to
    },
  }
}
