import type { Nids, RoomNid } from '@roomserver/types'
import { sql } from 'kysely'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/**
 * The next free NID of each kind; of `output`, the position of the first output that is kept; of `scrubber`, the NID of the
 * room that was checked last.
 */
export interface CountersTable {
  kind: keyof Nids | 'output' | 'scrubber'
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
  const scrubbed = prepare(build.selectFrom('counters').select('next').where('kind', '=', slot<'scrubber'>()))
  const setScrubbed = prepare(
    build
      .insertInto('counters')
      .values({ kind: slot<'scrubber'>(), next: slot<number>() })
      .onConflict((conflict) => conflict.column('kind').doUpdateSet({ next: slot<number>() })),
  )
  return {
    /** The room that the scrubber checked last; 0: it begins with the first. */
    scrubbed: async (db: Db) => ((await scrubbed(db, 'scrubber'))[0]?.next ?? 0) as RoomNid,
    setScrubbed: (db: Db, room: RoomNid) => setScrubbed(db, 'scrubber', room, room),
    /** Takes `count` NIDs out for good; returns the first. */
    take: async (db: Db, kind: keyof Nids, count: number): Promise<number> => {
      const [row] = await take(db, count, kind)
      if (row === undefined) throw new Error(`the counter of ${kind} NIDs is missing`)
      return row.next - count
    },
  }
}
