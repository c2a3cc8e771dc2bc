import { sql } from 'kysely'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** How far the output log had come at a time. */
export interface OutputMarksTable {
  position: number
  /** Milliseconds since the epoch. */
  ts: number
}

/** What is dropped from the beginning of the output log. */
export function trimQueries(build: Db) {
  const latest = prepare(
    build.selectFrom('outputs').select((row) => row.fn.max<number | null>('position').as('at')),
  )
  const first = prepare(build.selectFrom('counters').select('next').where('kind', '=', 'output'))
  const lastMark = prepare(
    build.selectFrom('output_marks').select((row) => row.fn.max<number | null>('ts').as('ts')),
  )
  const mark = prepare(
    build
      .insertInto('output_marks')
      .values({ position: slot<number>(), ts: slot<number>() })
      .onConflict((conflict) => conflict.column('position').doNothing()),
  )
  const marked = prepare(
    build
      .selectFrom('output_marks')
      .select((row) => row.fn.max<number | null>('position').as('at'))
      .where('ts', '<=', slot<number>()),
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
    lastMark: async (db: Db) => (await lastMark(db))[0]?.ts ?? 0,
    mark: (db: Db, position: number, ts: number) => mark(db, position, ts),
    /** How far the log had come at a time, as far as is known. */
    marked: async (db: Db, ts: number) => (await marked(db, ts))[0]?.at ?? 0,
    dropMarks: (db: Db, before: number) => dropMarks(db, before),
    /** Drops the first outputs before a position; returns how many, and the position behind them. */
    drop: async (db: Db, before: number, limit: number) => {
      const positions = (await drop(db, before, limit)).map(({ position }) => position)
      return { count: positions.length, next: Math.max(0, ...positions) + 1 }
    },
    moveFirst: (db: Db, next: number) => moveFirst(db, next, next),
  }
}
