import {
  type EventNid,
  NO_NID,
  type RoomId,
  type RoomNid,
  type StateKeyNid,
  type UserId,
  paged,
} from '@roomserver/types'
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

/** A user with the latest event by which they are joined. */
export interface KnownUser {
  readonly userId: UserId
  readonly event: EventNid
}

/** How many members one statement goes through where it holds the event loop: two milliseconds' work. */
const PAGE = 1_000

interface Member {
  readonly user: StateKeyNid
  readonly userId: UserId
  readonly event: EventNid
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
      .$castTo<KnownUser>(),
  )
  const memberPage = prepare(
    joined
      .innerJoin('state_keys', 'state_keys.nid', 'memberships.user_nid')
      .select(['user_nid as user', 'state_keys.text as userId', 'event_nid as event'])
      .where('room_nid', '=', slot<RoomNid>())
      .where('user_nid', '>', slot<StateKeyNid>())
      .orderBy('user_nid')
      .limit(slot<number>())
      .$castTo<Member>(),
  )

  /** Who is joined to these rooms, a page at a time, once for each room. */
  async function* pagesOfMembers(db: Db, rooms: Iterable<RoomNid>): AsyncGenerator<readonly Member[]> {
    for (const room of rooms) {
      const read = (after: StateKeyNid, limit: number) => memberPage(db, room, after, limit)
      yield* paged({ read, keyOf: ({ user }: Member) => user, first: NO_NID, limit: PAGE })
    }
  }

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
      if (dialect.holdsEventLoop) {
        const wanted = new Set(nids)
        return filter.others === undefined
          ? await countMembers(pagesOfMembers(db, wanted))
          : await countRooms(filter.others, (other) => roomsOf(db, other), wanted)
      }
      const list = dialect.list([...new Set(nids)])
      const counts =
        filter.others === undefined
          ? await countAll(db, list)
          : await countSome(db, list, dialect.list(filter.others))
      return new Map(counts.map((row) => [row.userId, row.rooms]))
    },
    known: async (db: Db, user: UserId, search: string, limit: number): Promise<readonly KnownUser[]> => {
      if (!dialect.holdsEventLoop) return await known(db, user, search, limit)
      const rooms = (await roomsOf(db, user)).map(({ nid }) => nid)
      return await findMembers(pagesOfMembers(db, rooms), search, limit)
    },
    serverIn: async (db: Db, roomNid: RoomNid, name: string) => (await server(db, roomNid, name)).length > 0,
    servers: async (db: Db, roomNid: RoomNid) => (await servers(db, roomNid)).map((row) => row.server),
  }
}

async function countMembers(pages: AsyncIterable<readonly Member[]>): Promise<ReadonlyMap<UserId, number>> {
  const counts = new Map<UserId, number>()
  for await (const page of pages) {
    for (const { userId } of page) counts.set(userId, (counts.get(userId) ?? 0) + 1)
  }
  return counts
}

/** In how many of the rooms that are wanted each of these users is joined; who is in none is left out. */
async function countRooms(
  users: readonly UserId[],
  roomsOf: (user: UserId) => Promise<readonly { readonly nid: RoomNid }[]>,
  wanted: ReadonlySet<RoomNid>,
): Promise<ReadonlyMap<UserId, number>> {
  const counts = new Map<UserId, number>()
  for (const user of new Set(users)) {
    const rooms = await roomsOf(user)
    const count = rooms.reduce((sum, { nid }) => (wanted.has(nid) ? sum + 1 : sum), 0)
    if (count > 0) counts.set(user, count)
  }
  return counts
}

async function findMembers(
  pages: AsyncIterable<readonly Member[]>,
  search: string,
  limit: number,
): Promise<readonly KnownUser[]> {
  const latest = new Map<UserId, EventNid>()
  for await (const page of pages) {
    for (const { userId, event } of page) {
      if (userId.includes(search) && event > (latest.get(userId) ?? NO_NID)) latest.set(userId, event)
    }
  }
  const users = [...latest.keys()].toSorted().slice(0, limit)
  return users.map((userId) => ({ userId, event: latest.get(userId) ?? NO_NID }))
}
