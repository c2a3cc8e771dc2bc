import type {
  InspectMembersRequest,
  InspectMembersResponse,
  InspectRoomNameResponse,
  InspectRoomRequest,
  InspectRoomResponse,
  InspectRoomsRequest,
  InspectRoomsResponse,
  RoomMember,
  RoomSummary,
  ServerMembers,
} from '@roomserver/api'
import { CREATOR_LEVEL, powerLevelOf } from '@roomserver/auth'
import {
  type EventRecord,
  type Membership,
  NO_NID,
  type RoomNid,
  type RoomRecord,
  serverOf,
  type Suspendable,
} from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { roomProblems } from '../explain/room-problems.ts'
import { invalidArgument } from '../failures.ts'
import type { InspectionSource, MemberRow } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { entriesOf, eventAt, eventsOf, snapshotOf, tuplesOf } from '../read/records.ts'
import { type RoomView, roomView, summariesOf, textAt, viewOf } from '../read/room-view.ts'
import { cursorOf, numbersOf, pageSize } from './pages.ts'

/** What rooms can be sorted by: the greatest first, or names from A. */
const ORDERS: Readonly<Record<string, (room: RoomSummary) => number | string>> = {
  room_id: (room) => room.room_id,
  name: (room) => (room.name === '' ? room.canonical_alias : room.name).toLowerCase(),
  members: (room) => room.joined_members,
  events: (room) => room.events,
  extremities: (room) => room.extremities,
  soft_failed: (room) => room.soft_failed,
  rejected: (room) => room.rejected,
  gaps: (room) => room.gaps,
  state_resets: (room) => room.state_resets,
  resolution: (room) => room.slowest_resolution_ms,
  bytes: (room) => room.bytes,
  last_activity: (room) => room.last_activity_ts,
}

const PAGE = 200

/**
 * Rooms that match, in an order.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export async function inspectRooms(
  source: InspectionSource,
  request: InspectRoomsRequest,
): Promise<InspectRoomsResponse> {
  const limit = pageSize(request.limit, { usual: 50, most: 200 })
  const [start = 0] = numbersOf(request.cursor, 1) ?? []
  const sort = request.sort === '' ? 'last_activity' : request.sort
  const order = Object.hasOwn(ORDERS, sort) ? ORDERS[sort] : undefined
  if (order === undefined) throw invalidArgument('sort', Object.keys(ORDERS).join(', '))
  const found = (await matchingRooms(source, request.search)).toSorted(
    (a, b) => compare(order(a), order(b)) || compare(a.room_id, b.room_id),
  )
  if (request.is_reversed) found.reverse()
  const rooms = found.slice(start, start + limit)
  const end = start + rooms.length
  return { rooms, total: found.length, next: end < found.length ? cursorOf(end) : '' }
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return b - a
  return a === b ? 0 : a < b ? -1 : 1
}

async function matchingRooms(source: InspectionSource, search: string): Promise<readonly RoomSummary[]> {
  const wanted = search.toLowerCase()
  const found: RoomSummary[] = []
  for (let after = NO_NID as RoomNid; ; ) {
    const page = await source.store.rooms(after, PAGE)
    for (const room of page) {
      const summary = await roomSummary(source, room)
      // What a purge leaves of a room.
      if (summary.is_stub && summary.events === 0) continue
      if (wanted === '' || (await isNamed(source, summary, wanted))) found.push(summary)
    }
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return found
    after = last.nid
  }
}

async function isNamed({ store }: InspectionSource, room: RoomSummary, wanted: string): Promise<boolean> {
  const names = [room.room_id, room.name, room.canonical_alias]
  if (names.some((name) => name.toLowerCase().includes(wanted))) return true
  const aliases = wanted.startsWith('#') ? await store.aliasesOfRoom(room.room_id) : []
  return aliases.some((alias) => alias.toLowerCase().includes(wanted))
}

/** A room with its figures. */
export async function roomSummary(source: InspectionSource, room: RoomRecord): Promise<RoomSummary> {
  const { read, store } = source
  const figures = await store.figuresOf(room)
  const counts = await store.membershipCounts(room)
  const joined = counts.filter(({ membership }) => membership === 'join')
  const says =
    roomVersion(room.version) === undefined ? NOTHING : await read((reader) => facts(reader, viewOf(room)))
  return {
    room_id: room.roomId,
    name: says.name,
    canonical_alias: says.alias,
    room_version: room.version,
    is_stub: room.current === NO_NID,
    is_blocked: await store.isBlocked(room.roomId),
    joined_members: sum(joined),
    joined_local_members: sum(joined.filter(({ isLocal }) => isLocal)),
    events: figures.events,
    extremities: room.extremities.length,
    soft_failed: figures.softFailed,
    rejected: figures.rejected,
    outliers: figures.outliers,
    gaps: figures.gaps,
    state_resets: figures.stateResets,
    slowest_resolution_ms: figures.slowestResolutionMs,
    bytes: figures.bytes,
    last_activity_ts: says.lastTs,
  }
}

function sum(counts: readonly { readonly users: number }[]): number {
  return counts.reduce((total, { users }) => total + users, 0)
}

const NOTHING = { name: '', alias: '', lastTs: 0 }

function* facts(
  reader: RecordReader,
  view: RoomView,
): Suspendable<RecordNeed, { readonly name: string; readonly alias: string; readonly lastTs: number }> {
  const extremities = yield* summariesOf(reader, view, view.room.extremities.slice(0, 20))
  const lastTs = Math.max(0, ...extremities.map((event) => event.origin_server_ts))
  return { ...(yield* namesOf(reader, view)), lastTs }
}

function* namesOf(
  reader: RecordReader,
  view: RoomView,
): Suspendable<RecordNeed, { readonly name: string; readonly alias: string }> {
  return {
    name: yield* textAt(reader, view, ['m.room.name', ''], 'name'),
    alias: yield* textAt(reader, view, ['m.room.canonical_alias', ''], 'alias'),
  }
}

/** How many servers and extremities of a room are listed. */
const MOST = 100

/**
 * Everything that is known of a room, but for its events and state.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, UNSUPPORTED_ROOM_VERSION
 */
export async function inspectRoom(
  source: InspectionSource,
  request: InspectRoomRequest,
): Promise<InspectRoomResponse> {
  const { read, store } = source
  const view = await roomView(store, request.room_id)
  const { room } = view
  const summary = await roomSummary(source, room)
  const counts = await store.membershipCounts(room)
  const servers = serversOf(counts)
  const storage = await store.storageOf(room)
  const says = await read((reader) => settings(reader, view))
  return {
    room: summary,
    ...says,
    aliases: await store.aliasesOfRoom(room.roomId),
    is_published: await store.isPublished(room.roomId),
    memberships: MEMBERSHIPS.map((membership) => ({
      membership,
      users: sum(counts.filter((one) => one.membership === membership)),
    })),
    servers: servers.slice(0, MOST),
    server_count: servers.length,
    storage,
    // A file of events belongs to no server.
    problems: roomProblems(summary, { busy: store.busy(room.roomId), isOffline: storage === null }),
  }
}

/**
 * The name of a room.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, UNSUPPORTED_ROOM_VERSION
 */
export async function inspectRoomName(
  { read, store }: InspectionSource,
  request: InspectRoomRequest,
): Promise<InspectRoomNameResponse> {
  const view = await roomView(store, request.room_id)
  const { roomId: room_id, version: room_version } = view.room
  return await read(function* (reader): Suspendable<RecordNeed, InspectRoomNameResponse> {
    const { alias: canonical_alias, name } = yield* namesOf(reader, view)
    return { room_id, name, canonical_alias, room_version }
  })
}

const MEMBERSHIPS: readonly Membership[] = ['join', 'invite', 'knock', 'leave', 'ban']

function serversOf(
  counts: readonly { readonly membership: Membership; readonly server: string; readonly users: number }[],
): readonly ServerMembers[] {
  const servers = new Map<string, number>()
  for (const { membership, server, users } of counts)
    if (membership === 'join') servers.set(server, (servers.get(server) ?? 0) + users)
  return [...servers]
    .map(([server, joined]) => ({ server, joined }))
    .toSorted((a, b) => b.joined - a.joined || compare(a.server, b.server))
}

type Settings = Pick<
  InspectRoomResponse,
  | 'topic'
  | 'creator'
  | 'join_rule'
  | 'history_visibility'
  | 'is_encrypted'
  | 'replaced_by'
  | 'extremities'
  | 'state_entries'
>

function* settings(reader: RecordReader, view: RoomView): Suspendable<RecordNeed, Settings> {
  const { current, extremities } = view.room
  const create = yield* eventAt(reader, current, ['m.room.create', ''])
  return {
    topic: yield* textAt(reader, view, ['m.room.topic', ''], 'topic'),
    creator: create === undefined ? '' : reader.pduOf(create, view.rules).sender,
    join_rule: yield* textAt(reader, view, ['m.room.join_rules', ''], 'join_rule'),
    history_visibility: yield* textAt(reader, view, ['m.room.history_visibility', ''], 'history_visibility'),
    is_encrypted: (yield* eventAt(reader, current, ['m.room.encryption', ''])) !== undefined,
    replaced_by: yield* textAt(reader, view, ['m.room.tombstone', ''], 'replacement_room'),
    extremities: (yield* summariesOf(reader, view, extremities.slice(0, MOST))).toSorted(
      (a, b) => b.depth - a.depth || compare(a.event_id, b.event_id),
    ),
    state_entries: yield* entriesOf(reader, yield* snapshotOf(reader, current)),
  }
}

/** How many users are looked at for one page where only those of a server are wanted. */
const LOOK = 5_000

/**
 * Users of a room, in an order that stays the same.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT
 */
export async function inspectMembers(
  { read, store }: InspectionSource,
  request: InspectMembersRequest,
): Promise<InspectMembersResponse> {
  const limit = pageSize(request.limit, { usual: 100, most: 1_000 })
  const membership = membershipOf(request.membership)
  const view = await roomView(store, request.room_id)
  const members: MemberRow[] = []
  let after = request.cursor === '' ? NO_NID : await read((reader) => userNidOf(reader, request.cursor))
  let isOver = false
  for (let looked = 0; looked < LOOK && members.length < limit && !isOver; looked += limit) {
    const page = await store.membershipEvents(view.room.nid, membership === undefined ? {} : { membership }, {
      after,
      limit,
    })
    const ofServer = await read((reader) => ofServerIn(reader, page, request.server))
    for (const row of ofServer.slice(0, limit - members.length)) members.push(row)
    isOver = page.length < limit
    const lastTaken = members.length === limit ? members.at(-1) : page.at(-1)
    after = lastTaken?.user ?? after
    if (members.length === limit) isOver &&= lastTaken === page.at(-1)
  }
  return await read(function* (reader): Suspendable<RecordNeed, InspectMembersResponse> {
    return {
      members: yield* describedMembers(reader, view, members),
      next: isOver ? '' : yield* userOf(reader, after),
    }
  })
}

function membershipOf(text: string): Membership | undefined {
  const membership = MEMBERSHIPS.find((one) => one === text)
  if (membership === undefined && text !== '') throw invalidArgument('membership', MEMBERSHIPS.join(', '))
  return membership
}

function* userNidOf(reader: RecordReader, user: string): Suspendable<RecordNeed, MemberRow['user']> {
  if (reader.stateKeyNid(user) === undefined) yield { kind: 'state-keys', texts: [user] }
  const nid = reader.stateKeyNid(user) ?? null
  if (nid === null) throw invalidArgument('cursor', '`next` of an earlier page')
  return nid
}

function* userOf(reader: RecordReader, nid: MemberRow['user']): Suspendable<RecordNeed, string> {
  if (reader.stateKeyText(nid) === undefined) yield { kind: 'state-key-texts', nids: [nid] }
  return reader.stateKeyText(nid) ?? ''
}

function* ofServerIn(
  reader: RecordReader,
  rows: readonly MemberRow[],
  server: string,
): Suspendable<RecordNeed, readonly MemberRow[]> {
  if (server === '') return rows
  const unknown = rows.map(({ user }) => user).filter((nid) => reader.stateKeyText(nid) === undefined)
  if (unknown.length > 0) yield { kind: 'state-key-texts', nids: unknown }
  return rows.filter(({ user }) => serverOf(reader.stateKeyText(user) ?? '') === server)
}

function* describedMembers(
  reader: RecordReader,
  view: RoomView,
  rows: readonly MemberRow[],
): Suspendable<RecordNeed, readonly RoomMember[]> {
  const records = yield* eventsOf(
    reader,
    rows.map(({ event }) => event),
  )
  const tuples = yield* tuplesOf(
    reader,
    records.map(({ typeNid, stateKeyNid }) => ({ type: typeNid, stateKey: stateKeyNid })),
  )
  const powers = yield* powersNow(reader, view)
  return records.map((record: EventRecord, at): RoomMember => {
    const pdu = reader.pduOf(record, view.rules)
    const [, user = ''] = tuples[at] ?? []
    const { displayname, membership } = pdu.content
    const level = powers(user)
    return {
      user_id: user,
      membership: typeof membership === 'string' ? membership : '',
      display_name: typeof displayname === 'string' ? displayname : '',
      power_level: level === CREATOR_LEVEL ? 'creator' : String(level),
      event_id: record.eventId,
      since_ts: pdu.originServerTs,
    }
  })
}

function* powersNow(reader: RecordReader, view: RoomView): Suspendable<RecordNeed, (user: string) => number> {
  const { current } = view.room
  const create = yield* eventAt(reader, current, ['m.room.create', ''])
  const levels = yield* eventAt(reader, current, ['m.room.power_levels', ''])
  const pduOf = (record: EventRecord | undefined) =>
    record === undefined ? undefined : reader.authPduOf(record, view.rules)
  const sources = { rules: view.rules, create: pduOf(create), powerLevels: pduOf(levels) }
  return (user) => powerLevelOf(user, sources)
}
