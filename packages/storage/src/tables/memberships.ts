import type { EventNid, Membership, MembershipRecord, RoomNid, StateKeyNid, UserId } from '@roomserver/types'
import { sql } from 'kysely'
import { bulkWrite } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { prepare, slot } from '../prepared.ts'
import { assignments, code, flag, int, optional, rowFormat, type RowOf, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

/** A membership to be stored, with the user ID where that is not stored yet. */
export interface NamedMembership {
  readonly record: MembershipRecord
  readonly userId: UserId | undefined
}

/** In the order of their codes, from 1. */
const MEMBERSHIPS: readonly Membership[] = ['join', 'invite', 'knock', 'leave', 'ban']

const columns = {
  roomNid: int<RoomNid, 'room_nid'>('room_nid'),
  user: int<StateKeyNid, 'user_nid'>('user_nid'),
  event: int<EventNid, 'event_nid'>('event_nid'),
  membership: code('membership', MEMBERSHIPS, 'leave', 1),
  /** Whether it is a user of this server. */
  local: flag('local'),
  /** Whether the user asked to forget the room. */
  forgotten: flag('forgotten'),
}

const format = rowFormat<MembershipRecord>()(columns)

const named = rowFormat<MembershipRecord & { readonly userId: UserId | undefined }>()({
  ...columns,
  userId: optional(text('user_id')),
}).from(({ record, userId }: NamedMembership) => ({ ...record, userId }))

/** Who is what in a room, by its current state. */
export interface MembershipsTable extends RowOf<typeof format> {
  /** What stands behind the first colon of the user's ID. */
  server: string
}

export const JOIN = 1

/** Any membership; named, so that the index by server can be used. */
const ALL = MEMBERSHIPS.map((_, index) => index + 1)

const membershipCode = (membership: Membership): number => MEMBERSHIPS.indexOf(membership) + 1
const membershipOf = (code: number): Membership => MEMBERSHIPS[code - 1] ?? 'leave'

/** Which memberships of a room are wanted. */
export interface MembershipFilter {
  readonly membership?: Membership
  readonly localOnly?: boolean
}

/** The first and the last code that a filter lets pass. */
function codes(membership: Membership | undefined): readonly [number, number] {
  const code = membership === undefined ? undefined : membershipCode(membership)
  return [code ?? 1, code ?? MEMBERSHIPS.length]
}

export function membershipQueries(dialect: Dialect, build: Db) {
  const withUser = build
    .selectFrom('memberships')
    .innerJoin('state_keys', 'state_keys.nid', 'memberships.user_nid')
    .selectAll('memberships')
    .select('state_keys.text as user_id')
    .where('room_nid', '=', slot<RoomNid>())
  const one = prepare(withUser.where('state_keys.text', '=', slot<UserId>()))
  const ofRoom = prepare(
    withUser
      .where('membership', '>=', slot<number>())
      .where('membership', '<=', slot<number>())
      .where('local', '>=', slot<number>()),
  )
  const ofServer = prepare(
    build
      .selectFrom('memberships')
      .select('user_nid')
      .where('room_nid', '=', slot<RoomNid>())
      .where(dialect.among('membership', 'int'))
      .where('server', '=', slot<string>()),
  )
  const ofUser = prepare(
    build
      .selectFrom('memberships')
      .innerJoin('state_keys', 'state_keys.nid', 'memberships.user_nid')
      .innerJoin('rooms', 'rooms.nid', 'memberships.room_nid')
      .select(['rooms.nid as roomNid', 'rooms.room_id as roomId', 'membership', 'forgotten'])
      .where('state_keys.text', '=', slot<UserId>())
      .where('membership', '>=', slot<number>())
      .where('membership', '<=', slot<number>())
      .orderBy('rooms.nid'),
  )
  const page = prepare(
    build
      .selectFrom('memberships')
      .select(['user_nid as nid', 'event_nid as event', 'membership', 'local', 'forgotten', 'server'])
      .where('room_nid', '=', slot<RoomNid>())
      .where('user_nid', '>', slot<StateKeyNid>())
      .orderBy('user_nid')
      .limit(slot<number>()),
  )
  const eventsPage = prepare(
    build
      .selectFrom('memberships')
      .select(['user_nid as user', 'event_nid as event', 'forgotten'])
      .where('room_nid', '=', slot<RoomNid>())
      .where('membership', '>=', slot<number>())
      .where('membership', '<=', slot<number>())
      .where('local', '>=', slot<number>())
      .where('user_nid', '>', slot<StateKeyNid>())
      .orderBy('user_nid')
      .limit(slot<number>()),
  )
  const remove = prepare(
    build
      .deleteFrom('memberships')
      .where('room_nid', '=', slot<RoomNid>())
      .where('user_nid', '=', slot<StateKeyNid>()),
  )
  const forget = prepare(
    build
      .updateTable('memberships')
      .set({ forgotten: slot<number>() })
      .where('room_nid', '=', slot<RoomNid>())
      .where('user_nid', '=', userNid(build)),
  )
  // By the index alone; whether a server is this one's is the same for all of its users.
  const counts = prepare(
    sql<{ membership: number; server: string; local: number; users: number }>`
      select membership, server, users,
        (select local from memberships as one where one.room_nid = ${slot<RoomNid>()}
          and one.membership = counted.membership and one.server = counted.server limit 1) as local
      from (select membership, server, count(*) as users from memberships
        where room_nid = ${slot<RoomNid>()} group by membership, server) as counted`.compile(build),
  )
  return {
    /** How many users of each server have each membership in a room. */
    counts: async (db: Db, roomNid: RoomNid) =>
      (await counts(db, roomNid, roomNid)).map(({ local, membership, server, users }) => ({
        membership: membershipOf(membership),
        server,
        isLocal: local === 1,
        users,
      })),
    one: async (db: Db, roomNid: RoomNid, user: UserId) =>
      (await one(db, roomNid, user)).map(format.toItem)[0],
    ofRoom: async (db: Db, roomNid: RoomNid, membership: Membership | undefined, localOnly: boolean) =>
      (await ofRoom(db, roomNid, ...codes(membership), localOnly ? 1 : 0)).map((row) => ({
        ...format.toItem(row),
        userId: row.user_id,
      })),
    /** Users of a server who are or were anything in a room. */
    ofServer: async (db: Db, roomNid: RoomNid, server: string) =>
      (await ofServer(db, roomNid, dialect.list(ALL), server)).map((row) => row.user_nid),
    ofUser: async (db: Db, user: UserId, membership: Membership | undefined) =>
      (await ofUser(db, user, ...codes(membership))).map((row) => ({
        ...row,
        membership: membershipOf(row.membership),
        forgotten: row.forgotten === 1,
      })),
    /** Who has a membership by which event, page by page. */
    page: async (db: Db, roomNid: RoomNid, after: number, limit: number) =>
      (await page(db, roomNid, after, limit)).map((row) => ({
        ...row,
        membership: MEMBERSHIPS[row.membership - 1],
        local: row.local === 1,
        forgotten: row.forgotten === 1,
      })),
    /** The events by which users have their memberships, page by page. */
    events: async (
      db: Db,
      roomNid: RoomNid,
      { membership, localOnly = false }: MembershipFilter,
      { after, limit }: { readonly after: StateKeyNid; readonly limit: number },
    ) =>
      (await eventsPage(db, roomNid, ...codes(membership), localOnly ? 1 : 0, after, limit)).map((row) => ({
        ...row,
        forgotten: row.forgotten === 1,
      })),
    setForgotten: (db: Db, roomNid: RoomNid, user: UserId, forgotten: boolean) =>
      forget(db, forgotten ? 1 : 0, roomNid, user),
    remove: (db: Db, roomNid: RoomNid, user: StateKeyNid) => remove(db, roomNid, user),
    put: bulkWrite(dialect, named, upsertText(dialect)),
  }
}

/** The NID of a user ID. */
export const userNid = (build: Db) =>
  build.selectFrom('state_keys').select('nid').where('text', '=', slot<UserId>())

const upsertText = (dialect: Dialect): string => `insert into memberships (${format.names.join(', ')}, server)
  select ${format.names.map((name) => `v.${name}`).join(', ')},
    substr(coalesce(v.user_id, k.text), ${dialect.firstIndex}(coalesce(v.user_id, k.text), ':') + 1)
  from v left join state_keys k on k.nid = v.user_nid where true
  on conflict (room_nid, user_nid) do update set
    ${assignments([...format.pick('event', 'membership', 'local', 'forgotten').names, 'server'], 'excluded')}`
