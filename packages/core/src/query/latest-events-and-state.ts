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
import { wholeStateEvents } from './whole-state.ts'

/**
 * The forward extremities of a room, the depth that an event on top of them has, and its current state (or the wanted
 * part of it). This is what an event is built from.
 */
export async function queryLatestEventsAndState(
  context: QueryContext,
  request: QueryLatestEventsAndStateRequest,
): Promise<QueryLatestEventsAndStateResponse> {
  const room = await roomWithState(context, request.room_id)
  if (room === undefined) {
    return { room_exists: false, room_version: '', latest_events: [], state_events: [], depth: 0 }
  }
  const rules = rulesOf(room)
  const latest = await look(context, (view) => eventsOf(view, room.extremities))
  return {
    room_exists: true,
    room_version: room.version,
    latest_events: latest.map((record) => eventReference(record, rules)),
    state_events: await currentState(context, room, wantedOf(request.state_to_fetch)),
    depth: nextDepth(room),
  }
}

async function currentState(
  context: QueryContext,
  room: RoomRecord,
  wanted: WantedState,
): Promise<readonly HeaderedEvent[]> {
  if (wanted.length === 0) return await wholeStateEvents(context, room, room.current)
  const nids = await look(context, (view) => stateNids(view, room.current, wanted))
  return await headeredByNid(context, nids, rulesOf(room))
}
