import type {
  ClientEvent,
  QueryMembershipForUserRequest,
  QueryMembershipForUserResponse,
  QueryMembershipsForRoomRequest,
  QueryMembershipsForRoomResponse,
} from '@roomserver/api'
import {
  type EventNid,
  type MembershipRecord,
  NO_NID,
  type RoomRecord,
  type StateKeyNid,
  paged,
} from '@roomserver/types'
import { eventOf } from '../view/reads.ts'
import { stateOfType } from '../view/state-at.ts'
import { readRoom, type QueryContext, letOthers } from './context.ts'
import type { WholeLists } from './whole-lists.ts'

const NEVER_THERE: Omit<QueryMembershipForUserResponse, 'room_exists'> = {
  event_id: '',
  has_been_in_room: false,
  is_in_room: false,
  membership: '',
  is_room_forgotten: false,
}

/** What a user is in a room. An invite that came from outside the room, without an event of it, does not count yet. */
export async function queryMembershipForUser(
  context: QueryContext,
  request: QueryMembershipForUserRequest,
): Promise<QueryMembershipForUserResponse> {
  const room = await context.store.room(request.room_id)
  if (room === undefined) return { ...NEVER_THERE, room_exists: false }
  const member = await memberOf(context, room, request.user_id)
  if (member === undefined) return { ...NEVER_THERE, room_exists: true }
  const { eventId } = await readRoom(context, (view) => eventOf(view, member.event))
  return {
    event_id: eventId,
    has_been_in_room: true,
    is_in_room: member.membership === 'join',
    membership: member.membership,
    is_room_forgotten: member.forgotten,
    room_exists: true,
  }
}

type Answer<Members> = Omit<QueryMembershipsForRoomResponse, 'join_events'> & {
  readonly join_events: readonly ClientEvent[] | Members
}

/**
 * The membership events of a room: for everybody, or as far as `sender` may see them, who sees the present while being
 * joined, and the time of leaving afterwards. Rooms that were forgotten do not count.
 */
export async function queryMembershipsForRoom<Members>(
  context: QueryContext,
  request: QueryMembershipsForRoomRequest,
  lists: Pick<WholeLists<unknown, Members>, 'joined' | 'members'>,
): Promise<Answer<Members>> {
  const { room_id: roomId, sender, joined_only: joinedOnly, local_only: localOnly } = request
  const room = await context.store.room(roomId)
  if (room === undefined) return { join_events: [], has_been_in_room: false, is_room_forgotten: false }
  if (sender === '') {
    const events = await presentMembers(context, room, { joinedOnly, localOnly }, lists)
    return { join_events: events, has_been_in_room: false, is_room_forgotten: false }
  }
  const member = await memberOf(context, room, sender)
  if (member === undefined) return { join_events: [], has_been_in_room: false, is_room_forgotten: false }
  const events =
    member.membership === 'join'
      ? await presentMembers(context, room, { joinedOnly, localOnly: false }, lists)
      : await lists.members(context, room, await membersAfter(context, member), { joinedOnly })
  return { join_events: events, has_been_in_room: true, is_room_forgotten: member.forgotten }
}

async function memberOf(
  { store }: QueryContext,
  room: RoomRecord,
  userId: string,
): Promise<MembershipRecord | undefined> {
  const member = await store.membership(room.nid, userId)
  return member === undefined || member.event === NO_NID ? undefined : member
}

async function presentMembers<Members>(
  context: QueryContext,
  room: RoomRecord,
  { joinedOnly, localOnly }: { readonly joinedOnly: boolean; readonly localOnly: boolean },
  lists: Pick<WholeLists<unknown, Members>, 'joined' | 'members'>,
): Promise<Members> {
  // From the current state: its events are at hand more often than the table's rows.
  if (joinedOnly && !localOnly) return await lists.joined(context, room)
  const filter = joinedOnly ? ({ membership: 'join', localOnly } as const) : { localOnly }
  return await lists.members(context, room, await listedEvents(context, room, filter), { joinedOnly: false })
}

/** How many memberships are read from the table at a time. */
const PAGE = 500

/** The events of the memberships that the table has, without those that were forgotten. */
async function listedEvents(
  context: QueryContext,
  room: RoomRecord,
  filter: Parameters<QueryContext['store']['membershipEvents']>[1],
): Promise<readonly EventNid[]> {
  const nids: EventNid[] = []
  const read = async (after: StateKeyNid, limit: number) => {
    if (after !== NO_NID) await letOthers(context)
    return await context.store.membershipEvents(room.nid, filter, { after, limit })
  }
  const first: StateKeyNid = NO_NID
  for await (const page of paged({ read, keyOf: ({ user }) => user, first, limit: PAGE }))
    for (const { event, forgotten } of page) if (event !== NO_NID && !forgotten) nids.push(event)
  return nids
}

/** The membership events of the current state. */
export async function memberNids(context: QueryContext, room: RoomRecord): Promise<readonly EventNid[]> {
  const entries = await readRoom(context, (view) => stateOfType(view, room.current, 'm.room.member'))
  return entries.map((entry) => entry.event)
}

/** Whether a membership event says that the user is joined. */
export function isJoin({ content }: ClientEvent): boolean {
  return content['membership'] === 'join'
}

/** The membership events of the moment that made `member` what it is. */
async function membersAfter(context: QueryContext, member: MembershipRecord): Promise<readonly EventNid[]> {
  const entries = await readRoom(context, function* (view) {
    const { after } = yield* eventOf(view, member.event)
    return yield* stateOfType(view, after, 'm.room.member')
  })
  return entries.map((entry) => entry.event)
}
