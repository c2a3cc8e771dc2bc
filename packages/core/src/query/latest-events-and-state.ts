import type { QueryLatestEventsAndStateRequest, QueryLatestEventsAndStateResponse } from '@roomserver/api'
import type { Asking, EventNid, EventRecord, RoomRecord } from '@roomserver/types'
import { eventsOf } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import type { View } from '../view/view.ts'
import { look, type QueryContext, roomWithState } from './context.ts'
import { eventReference } from './event-references.ts'
import { headeredByNid } from './event-texts.ts'
import { rulesOf } from './headered.ts'
import { nextDepth } from './next-depth.ts'
import { stateNids, wantedOf, type WantedState } from './state-events.ts'

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
  const { latest, state } = await look(context, (view) =>
    latestAndState(view, room, wantedOf(request.state_to_fetch)),
  )
  return {
    room_exists: true,
    room_version: room.version,
    latest_events: latest.map((record) => eventReference(record, rules)),
    state_events: await headeredByNid(context, state, rules),
    depth: nextDepth(room),
  }
}

function* latestAndState(
  view: View,
  room: RoomRecord,
  wanted: WantedState,
): Asking<Need, { readonly latest: readonly EventRecord[]; readonly state: readonly EventNid[] }> {
  return {
    latest: yield* eventsOf(view, room.extremities),
    state: yield* stateNids(view, room.current, wanted),
  }
}
