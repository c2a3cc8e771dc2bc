import { sql } from 'kysely'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** How far the output log had come at a time. */
export interface OutputMarksTable {
  position: number
  /** Milliseconds since the epoch. */
  ts: number
  /** Of the outputs behind the mark before, to this one. */
  bytes: number
}

/** What is dropped from the beginning of the output log. */
export function trimQueries(build: Db) {
  const latest = prepare(
    build.selectFrom('outputs').select((row) => row.fn.max<number | null>('position').as('at')),
  )
  const first = prepare(build.selectFrom('counters').select('next').where('kind', '=', 'output'))
  const marks = prepare(build.selectFrom('output_marks').selectAll().orderBy('position', 'desc'))
  const bytesAfter = prepare(
    sql<{ bytes: number }>`select coalesce(sum(octet_length(body)), 0) as bytes from outputs
      where position > ${slot<number>()}`.compile(build),
  )
  const firstWithin = prepare(
    sql<{ position: number }>`select position from (
        select position, sum(octet_length(body)) over (order by position desc) as bytes from outputs
          where position > ${slot<number>()} and position <= ${slot<number>()}) as sums
      where bytes <= ${slot<number>()} order by position limit 1`.compile(build),
  )
  const mark = prepare(
    build
      .insertInto('output_marks')
      .values({ position: slot<number>(), ts: slot<number>(), bytes: slot<number>() })
      .onConflict((conflict) => conflict.column('position').doNothing()),
  )
  const dropMarks = prepare(build.deleteFrom('output_marks').where('position', '<', slot<number>()))
  const drop = prepare(
    sql<{ position: number }>`delete from outputs where position in
      (select position from outputs where position < ${slot<number>()} order by position limit ${slot<number>()})
      returning position`.compile(build),
  )
  const moveFirst = prepare(
    build
      .updateTable('counters')
      .set({ next: slot<number>() })
      .where('kind', '=', sql<'output'>`'output'`)
      .where('next', '<', slot<number>()),
  )
  return {
    latest: async (db: Db) => (await latest(db))[0]?.at ?? 0,
    first: async (db: Db) => (await first(db, 'output'))[0]?.next ?? 1,
    /** The latest first. */
    marks: (db: Db) => marks(db),
    mark: (db: Db, { position, ts, bytes }: OutputMarksTable) => mark(db, position, ts, bytes),
    bytesAfter: async (db: Db, position: number) => (await bytesAfter(db, position))[0]?.bytes ?? 0,
    /** The first of the outputs from which on, to `last`, there are so many bytes at the most; looks at those behind `after`. */
    firstWithin: async (db: Db, after: number, last: number, bytes: number) =>
      (await firstWithin(db, after, last, bytes))[0]?.position ?? last + 1,
    dropMarks: (db: Db, before: number) => dropMarks(db, before),
    /** Drops the first outputs before a position; returns how many, and the position behind them. */
    drop: async (db: Db, before: number, limit: number) => {
      const positions = (await drop(db, before, limit)).map(({ position }) => position)
      return { count: positions.length, next: Math.max(0, ...positions) + 1 }
    },
    moveFirst: (db: Db, next: number) => moveFirst(db, next, next),
  }
}
