import type {
  QueryMissingEventsRequest,
  QueryMissingEventsResponse,
  QueryServerAllowedToSeeEventRequest,
  QueryServerAllowedToSeeEventResponse,
} from '@roomserver/api'
import type { Asking, EventRecord, RoomRecord } from '@roomserver/types'
import { eventWithId } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import type { View } from '../view/view.ts'
import { storedEvents } from './auth-chain.ts'
import { isStub, look, type QueryContext } from './context.ts'
import { oldestEventsFirst, walkBack } from './event-walk.ts'
import { headeredEvents, rulesOf } from './headered.ts'
import { isServerInRoom } from './servers.ts'
import { type Onlooker, ServerSight } from './server-sight.ts'

/** More than this is not given in one answer, whatever is asked for. */
const MAX_EVENTS = 1_000

/**
 * The events between what a server has and what it has heard of, as far as it may see them, oldest first. The latest
 * events themselves count towards the limit and are not given.
 */
export async function queryMissingEvents(
  context: QueryContext,
  request: QueryMissingEventsRequest,
): Promise<QueryMissingEventsResponse> {
  const earliest = new Set(request.earliest_events)
  const latest = new Set(request.latest_events.filter((id) => !earliest.has(id)))
  const [first, ...others] = await look(context, (view) => storedEvents(view, [...latest]))
  const room = first === undefined ? undefined : await roomOf(context, first)
  if (first === undefined || room === undefined) return { events: null }

  const walk = {
    from: [first, ...others.filter((record) => record.roomNid === room.nid)],
    stopAt: earliest,
    limit: Math.min(request.limit, MAX_EVENTS),
  }
  const rules = rulesOf(room)
  const onlooker = await onlookerAt(context, room, request.server_name)
  const events = await look(context, function* (view) {
    const prevEventsOf = (record: EventRecord) => view.pduOf(record, rules).prevEvents
    const met = yield* walkBack(view, walk, new ServerSight(view, rules, onlooker), prevEventsOf)
    return oldestEventsFirst(
      met.filter((record) => !latest.has(record.eventId)),
      prevEventsOf,
    )
  })
  return { events: headeredEvents(events, rules) }
}

/** Whether a server may see an event; no server sees one that is not known. */
export async function queryServerAllowedToSeeEvent(
  context: QueryContext,
  { event_id: eventId, server_name: server }: QueryServerAllowedToSeeEventRequest,
): Promise<QueryServerAllowedToSeeEventResponse> {
  const record = await look(context, (view) => eventWithId(view, eventId))
  const room = record === null ? undefined : await roomOf(context, record)
  if (record === null || room === undefined) return { can_see_event: false }
  const onlooker = await onlookerAt(context, room, server)
  const maySee = (view: View): Asking<Need, boolean> =>
    new ServerSight(view, rulesOf(room), onlooker).maySee(record)
  return { can_see_event: await look(context, maySee) }
}

/** A server as an onlooker of a room. */
export async function onlookerAt(context: QueryContext, room: RoomRecord, server: string): Promise<Onlooker> {
  return {
    server,
    inRoom: await isServerInRoom(context, room, server),
    users: await context.store.usersOfServer(room.nid, server),
  }
}

async function roomOf({ store }: QueryContext, record: EventRecord): Promise<RoomRecord | undefined> {
  const [room] = await store.roomsByNid([record.roomNid])
  return room === undefined || isStub(room) ? undefined : room
}
