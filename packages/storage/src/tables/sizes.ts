import type { BlockNid, RoomNid, RoomSize } from '@roomserver/types'
import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

export function sizeQueries(dialect: Dialect, build: Db) {
  const of = <T extends 'events' | 'snapshots' | 'outputs'>(table: T, column: string) =>
    prepare(
      sql<{ count: number; bytes: number }>`
        select count(*) as count, coalesce(sum(octet_length(${sql.ref(column)})), 0) as bytes
        from ${sql.table(table)} where room_nid = ${slot<RoomNid>()}`.compile(build),
    )
  const [events, snapshots, outputs] = [
    of('events', 'json'),
    of('snapshots', 'blocks'),
    of('outputs', 'body'),
  ]
  const blocks = prepare(
    sql<{ bytes: number }>`select coalesce(sum(octet_length(entries)), 0) as bytes from blocks
      where ${dialect.among('nid', 'int')}`.compile(build),
  )
  return {
    /** Bytes of blocks of state. */
    ofBlocks: async (db: Db, nids: readonly BlockNid[]) =>
      (await blocks(db, dialect.list(nids)))[0]?.bytes ?? 0,
    ofRoom: async (db: Db, roomNid: RoomNid): Promise<RoomSize> => {
      const [[event], [snapshot], [output]] = [
        await events(db, roomNid),
        await snapshots(db, roomNid),
        await outputs(db, roomNid),
      ]
      return {
        events: event?.count ?? 0,
        eventBytes: event?.bytes ?? 0,
        snapshots: snapshot?.count ?? 0,
        snapshotBytes: snapshot?.bytes ?? 0,
        outputs: output?.count ?? 0,
        outputBytes: output?.bytes ?? 0,
      }
    },
  }
}
