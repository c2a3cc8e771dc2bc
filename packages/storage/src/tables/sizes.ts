import type { BlockNid, RoomNid, RoomSize } from '@roomserver/types'
import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** How many rows are counted in one statement: SQLite lets nobody else have a turn until it is over. */
const PAGE = 5_000

interface Counted {
  readonly count: number
  readonly bytes: number
}

export function sizeQueries(dialect: Dialect, build: Db) {
  const of = (table: 'events' | 'snapshots' | 'outputs', key: 'nid' | 'seq', column: string) => {
    const page = prepare(
      sql<Counted & { last: number | null }>`
        select count(*) as count, coalesce(sum(bytes), 0) as bytes, max(key) as last
        from (select ${sql.ref(key)} as key, octet_length(${sql.ref(column)}) as bytes from ${sql.table(table)}
          where room_nid = ${slot<RoomNid>()} and ${sql.ref(key)} > ${slot<number>()}
          order by ${sql.ref(key)} limit ${slot<number>()}) as page`.compile(build),
    )
    return async (db: Db, roomNid: RoomNid): Promise<Counted> => {
      const counted = { count: 0, bytes: 0 }
      for (let after = 0; ; ) {
        const [row] = await page(db, roomNid, after, PAGE)
        counted.count += row?.count ?? 0
        counted.bytes += row?.bytes ?? 0
        if (row === undefined || row.last === null || row.count < PAGE) return counted
        after = row.last
      }
    }
  }
  const [events, snapshots, outputs] = [
    of('events', 'nid', 'json'),
    of('snapshots', 'nid', 'blocks'),
    of('outputs', 'seq', 'body'),
  ]
  const blocks = prepare(
    sql<{ bytes: number }>`select coalesce(sum(octet_length(entries)), 0) as bytes from blocks
      where ${dialect.among('nid', 'int')}`.compile(build),
  )
  return {
    /** Bytes of blocks of state. */
    ofBlocks: async (db: Db, nids: readonly BlockNid[]) =>
      (await blocks(db, dialect.list(nids)))[0]?.bytes ?? 0,
    /** Read a page at a time. */
    ofRoom: async (db: Db, roomNid: RoomNid): Promise<RoomSize> => {
      const [event, snapshot, output] = [
        await events(db, roomNid),
        await snapshots(db, roomNid),
        await outputs(db, roomNid),
      ]
      return {
        events: event.count,
        eventBytes: event.bytes,
        snapshots: snapshot.count,
        snapshotBytes: snapshot.bytes,
        outputs: output.count,
        outputBytes: output.bytes,
      }
    },
  }
}
