import type {
  HeaderedEvent,
  QueryLatestEventsAndStateRequest,
  QueryLatestEventsAndStateResponse,
} from '@roomserver/api'
import { MAX_PREV_EVENTS } from '@roomserver/events'
import type { EventNid, RoomRecord } from '@roomserver/types'
import type { StateTuple } from '../view/state-at.ts'
import { readRoom, type QueryContext, roomWithState } from './context.ts'
import { eventReference } from './event-references.ts'
import { rulesOf } from '../output/headered.ts'
import { nextDepth } from './next-depth.ts'
import { prevEventsFor } from './prev-events.ts'
import { stateNids, tuplesOf, wantedOf, type WantedState } from './state-events.ts'
import type { WholeLists } from './whole-lists.ts'

type Answer<Events> = Omit<QueryLatestEventsAndStateResponse, 'state_events'> & {
  readonly state_events: readonly HeaderedEvent[] | Events
}

/** Of how many of our users the memberships are looked at in a room with very many extremities. */
const MAX_MEMBERS = 500
/** What decides about who may do anything in a room. */
export const ROLES = ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].map((type) => ({
  type,
  stateKey: '',
}))

/**
 * What an event is built from: the forward extremities of a room (no more than an event may name, chosen so that the
 * state before it has the wanted entries), the depth that an event on top of them has, and the room's current state (or
 * the wanted part of it).
 */
export async function queryLatestEventsAndState<Events>(
  context: QueryContext,
  request: QueryLatestEventsAndStateRequest,
  lists: Pick<WholeLists<Events, unknown>, 'state' | 'events'>,
): Promise<Answer<Events>> {
  const room = await roomWithState(context, request.room_id)
  if (room === undefined) {
    return { room_exists: false, room_version: '', latest_events: [], state_events: [], depth: 0 }
  }
  const rules = rulesOf(room)
  const wanted = wantedOf(request.state_to_fetch)
  const tuples = wanted.length === 0 ? await whoMayCall(context, room) : tuplesOf(wanted)
  const latest = await readRoom(context, (view) => prevEventsFor(view, room, { tuples }))
  return {
    room_exists: true,
    room_version: room.version,
    latest_events: latest.map((record) => eventReference(record, rules)),
    state_events: await (wanted.length === 0
      ? lists.state(context, room, room.current)
      : lists.events(context, room, await nowAmong(context, room, wanted))),
    depth: nextDepth(latest),
  }
}

/** Who asks for the whole state has not said whose event it is for: one of our users in the room, then. */
async function whoMayCall({ store }: QueryContext, room: RoomRecord): Promise<readonly StateTuple[]> {
  if (room.extremities.length <= MAX_PREV_EVENTS) return ROLES
  const members = await store.membershipsOfRoom(room.nid, { membership: 'join', localOnly: true })
  const users = members.slice(0, MAX_MEMBERS)
  return [...ROLES, ...users.map(({ userId }) => ({ type: 'm.room.member', stateKey: userId }))]
}

function nowAmong(
  context: QueryContext,
  room: RoomRecord,
  wanted: WantedState,
): Promise<readonly EventNid[]> {
  return readRoom(context, (view) => stateNids(view, room.current, wanted))
}
