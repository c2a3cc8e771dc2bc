import type {
  QueryMissingEventsRequest,
  QueryMissingEventsResponse,
  QueryServerAllowedToSeeEventRequest,
  QueryServerAllowedToSeeEventResponse,
} from '@roomserver/api'
import type { EventRecord, RoomRecord } from '@roomserver/types'
import { eventWithId } from '../view/reads.ts'
import { storedEvents } from './auth-chain.ts'
import { isStub, readRoom, type QueryContext } from './context.ts'
import { oldestEventsFirst, walkBack } from './event-walk.ts'
import { headeredEvents, rulesOf } from '../output/headered.ts'
import { readAs } from './read-as.ts'

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
  const [first, ...others] = await readRoom(context, (view) => storedEvents(view, [...latest]))
  const room = first === undefined ? undefined : await roomOf(context, first)
  if (first === undefined || room === undefined) return { events: null }

  const walk = {
    roomNid: room.nid,
    from: [first, ...others.filter((record) => record.roomNid === room.nid)],
    stopAt: earliest,
    limit: Math.min(request.limit, MAX_EVENTS),
  }
  const rules = rulesOf(room)
  const events = await readAs(context, room, request.server_name, function* (view, visibility) {
    const prevEventsOf = (record: EventRecord) => view.pduOf(record, rules).prevEvents
    const met = yield* walkBack(view, walk, visibility, prevEventsOf)
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
  const record = await readRoom(context, (view) => eventWithId(view, eventId))
  const room = record === null ? undefined : await roomOf(context, record)
  if (record === null || room === undefined) return { can_see_event: false }
  const canSee = await readAs(context, room, server, (_view, visibility) => visibility.maySee(record))
  return { can_see_event: canSee }
}

async function roomOf({ store }: QueryContext, record: EventRecord): Promise<RoomRecord | undefined> {
  const [room] = await store.roomsByNid([record.roomNid])
  return room === undefined || isStub(room) ? undefined : room
}
