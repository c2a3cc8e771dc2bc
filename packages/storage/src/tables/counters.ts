import type { Nids } from '@roomserver/types'
import { sql } from 'kysely'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** The next free NID of each kind; of `output`, the position of the first output that is kept. */
export interface CountersTable {
  kind: keyof Nids | 'output'
  next: number
}

export function counterQueries(build: Db) {
  const take = prepare(
    build
      .updateTable('counters')
      .set({ next: sql<number>`next + ${slot<number>()}` })
      .where('kind', '=', slot<keyof Nids>())
      .returning('next'),
  )
  return {
    /** Takes `count` NIDs out for good; returns the first. */
    take: async (db: Db, kind: keyof Nids, count: number): Promise<number> => {
      const [row] = await take(db, count, kind)
      if (row === undefined) throw new Error(`the counter of ${kind} NIDs is missing`)
      return row.next - count
    },
  }
}
