import type {
  HeaderedEvent,
  QueryLatestEventsAndStateRequest,
  QueryLatestEventsAndStateResponse,
} from '@roomserver/api'
import type { RoomRecord } from '@roomserver/types'
import { eventsOf } from '../view/asking.ts'
import { look, type QueryContext, roomWithState } from './context.ts'
import { eventReference } from './event-references.ts'
import { headeredByNid } from './event-texts.ts'
import { rulesOf } from './headered.ts'
import { nextDepth } from './next-depth.ts'
import { stateNids, wantedOf, type WantedState } from './state-events.ts'
import type { WholeLists } from './whole-lists.ts'

type Answer<Events> = Omit<QueryLatestEventsAndStateResponse, 'state_events'> & {
  readonly state_events: readonly HeaderedEvent[] | Events
}

/**
 * The forward extremities of a room, the depth that an event on top of them has, and its current state (or the wanted
 * part of it). This is what an event is built from.
 */
export async function queryLatestEventsAndState<Events>(
  context: QueryContext,
  request: QueryLatestEventsAndStateRequest,
  lists: Pick<WholeLists<Events, unknown>, 'state'>,
): Promise<Answer<Events>> {
  const room = await roomWithState(context, request.room_id)
  if (room === undefined) {
    return { room_exists: false, room_version: '', latest_events: [], state_events: [], depth: 0 }
  }
  const rules = rulesOf(room)
  const wanted = wantedOf(request.state_to_fetch)
  const latest = await look(context, (view) => eventsOf(view, room.extremities))
  return {
    room_exists: true,
    room_version: room.version,
    latest_events: latest.map((record) => eventReference(record, rules)),
    state_events: await (wanted.length === 0
      ? lists.state(context, room, room.current)
      : nowAmong(context, room, wanted)),
    depth: nextDepth(room),
  }
}

async function nowAmong(
  context: QueryContext,
  room: RoomRecord,
  wanted: WantedState,
): Promise<readonly HeaderedEvent[]> {
  const nids = await look(context, (view) => stateNids(view, room.current, wanted))
  return await headeredByNid(context, room, nids)
}
