import type { EventNid, RoomId, RoomNid, UserId } from '@roomserver/types'
import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'
import { JOIN, userNid } from './memberships.ts'

/** Which rooms `sharedUsers` counts in, and whom. */
export interface SharingFilter {
  readonly others?: readonly UserId[]
  readonly includeRooms?: readonly RoomId[]
  readonly excludeRooms?: readonly RoomId[]
}

/** Questions over the memberships of many rooms: who meets whom, and which servers are where. */
export function sharingQueries(dialect: Dialect, build: Db) {
  const joined = build.selectFrom('memberships').where('membership', '=', sql.lit(JOIN))
  const roomsOf = prepare(
    joined
      .innerJoin('rooms', 'rooms.nid', 'memberships.room_nid')
      .select(['rooms.nid', 'rooms.room_id'])
      .where('user_nid', '=', userNid(build)),
  )
  const roomsById = prepare(
    build.selectFrom('rooms').select(['nid', 'room_id']).where(dialect.among('room_id', 'text')),
  )
  const counted = joined
    .innerJoin('state_keys', 'state_keys.nid', 'memberships.user_nid')
    .select(['state_keys.text as userId', (count) => count.fn.countAll<number>().as('rooms')])
    .where(dialect.among('room_nid', 'int'))
    .groupBy('state_keys.text')
  const countAll = prepare(counted)
  const countSome = prepare(counted.where(dialect.among('text', 'text')))
  const known = prepare(
    joined
      .innerJoin('state_keys', 'state_keys.nid', 'memberships.user_nid')
      .select(['state_keys.text as userId', (latest) => latest.fn.max('event_nid').as('event')])
      .where('room_nid', 'in', joined.select('room_nid').where('user_nid', '=', userNid(build)))
      .where(sql<boolean>`${sql.raw(dialect.firstIndex)}(text, ${slot<string>()}) > 0`)
      .groupBy('state_keys.text')
      .orderBy('state_keys.text')
      .limit(slot<number>())
      .$castTo<{ readonly userId: UserId; readonly event: EventNid }>(),
  )
  const inRoom = joined.select('server').where('room_nid', '=', slot<RoomNid>())
  const server = prepare(inRoom.where('server', '=', slot<string>()).limit(sql.lit(1)))
  const servers = prepare(inRoom.distinct().orderBy('server'))
  return {
    shared: async (db: Db, user: UserId, filter: SharingFilter): Promise<ReadonlyMap<UserId, number>> => {
      const include = filter.includeRooms ?? []
      const rooms = await roomsOf(db, user)
      if (include.length > 0) rooms.push(...(await roomsById(db, dialect.list(include))))
      const excluded = new Set(filter.excludeRooms)
      const nids = rooms.filter((room) => !excluded.has(room.room_id)).map((room) => room.nid)
      const list = dialect.list([...new Set(nids)])
      const counts =
        filter.others === undefined
          ? await countAll(db, list)
          : await countSome(db, list, dialect.list(filter.others))
      return new Map(counts.map((row) => [row.userId, row.rooms]))
    },
    known,
    serverIn: async (db: Db, roomNid: RoomNid, name: string) => (await server(db, roomNid, name)).length > 0,
    servers: async (db: Db, roomNid: RoomNid) => (await servers(db, roomNid)).map((row) => row.server),
  }
}
