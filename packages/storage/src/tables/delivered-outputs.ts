import type { DeliveredRetention } from '@roomserver/types'
import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'
import { OUTPUT_COLUMNS, type OutputsTable } from './outputs.ts'

/** An output that the message server has stored. */
export interface DeliveredOutputsTable extends OutputsTable {
  /** Its number in the stream. */
  sequence: number
  /** When it was recorded as stored, in milliseconds since the epoch. */
  ts: number
  /** Bytes of the bodies up to this one. */
  total: number
}

const OUTPUT = sql.join(OUTPUT_COLUMNS.map((name) => sql.ref(name)))

export function deliveredOutputQueries(dialect: Dialect, build: Db) {
  const range = prepare(
    build
      .selectFrom('delivered_outputs')
      .select((row) => [
        row.fn.min<number | null>('sequence').as('first'),
        row.fn.max<number | null>('sequence').as('last'),
      ]),
  )
  const first = sql`select sequence from delivered_outputs
    where sequence >= ${slot<number>()} order by sequence limit ${slot<number>()}`
  // The first of the outputs that are to be sent again, so that a process that is killed in between finds the others.
  const back = sql`insert into outputs (${OUTPUT}) ${dialect.ownPosition}`
  // The latest one stays when its room is purged, and is not sent again.
  const isOfRoom = sql`exists (select 1 from rooms where rooms.nid = room_nid)`
  const requeueAtOnce = prepare(
    sql<{
      n: number
    }>`with taken as (delete from delivered_outputs where sequence in (${first}) returning ${OUTPUT}),
      back as (${back} select ${OUTPUT} from taken where ${isOfRoom} on conflict do nothing)
      select count(*) as n from taken`.compile(build),
  )
  const copyBack = prepare(
    sql`${back} select ${OUTPUT} from delivered_outputs where sequence in (${first}) and ${isOfRoom} on conflict do nothing`.compile(
      build,
    ),
  )
  const remove = prepare(
    sql<{ n: number }>`delete from delivered_outputs where sequence in (${first}) returning 1 as n`.compile(
      build,
    ),
  )
  // Time and total grow with the number, so that only the first rows have to be looked at; the last one always stays.
  const trim = prepare(
    sql<{ n: number }>`delete from delivered_outputs where sequence in (
        select sequence from (select sequence, ts, total - octet_length(body) as before from delivered_outputs
          order by sequence limit ${slot<number>()}) as oldest
        where (ts < ${slot<number>()} or before < (select total from delivered_outputs order by sequence desc limit 1) - ${slot<number>()})
          and sequence < (select max(sequence) from delivered_outputs))
      returning 1 as n`.compile(build),
  )
  return {
    /** The lowest and the highest number of a delivered output; 0: none is kept. */
    range: async (db: Db) => {
      const [row] = await range(db)
      return { first: row?.first ?? 0, last: row?.last ?? 0 }
    },
    /** Puts the first delivered outputs from a number on back into the outbox; returns how many. */
    requeue: async (db: Db, from: number, limit: number): Promise<number> => {
      if (dialect.savesRoundTrips) return (await requeueAtOnce(db, from, limit))[0]?.n ?? 0
      return await db.transaction().execute(async (tx) => {
        await copyBack(tx, from, limit)
        return (await remove(tx, from, limit)).length
      })
    },
    /** Deletes the first delivered outputs; returns how many. */
    forget: async (db: Db, limit: number) => (await remove(db, 0, limit)).length,
    /** Deletes the first delivered outputs that need not be kept any more; returns how many. */
    trim: async (db: Db, { maxAgeMs, maxBytes }: DeliveredRetention, now: number, limit: number) =>
      (await trim(db, limit, now - maxAgeMs, maxBytes)).length,
  }
}
