import type { FederationApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { type EventId, type EventRecord, NO_NID, type RoomRecord } from '@roomserver/types'
import { rulesOf } from '../../output/headered.ts'
import {
  fetchAuthEvents,
  type FetchParts,
  fetchStateBefore,
  isTaken,
  oldEvent,
  ingest,
} from '../../missing-events/fetch-state.ts'
import { inTime, type RepairFederation, withCallBudget } from '../../missing-events/call-budget.ts'
import { eventsBefore } from '../../graph/events-before.ts'
import { oldestFirst } from '../../graph/oldest-first.ts'
import { reconnectHistoryTask } from '../../missing-events/reconnect-history-task.ts'
import { type ExpectedRoom, verifiedEvents } from '../../missing-events/verify-events.ts'
import { federationFor } from '../components.ts'
import type { PerformContext } from '../context.ts'

/** What backfill works with. */
interface BackfillParts extends FetchParts {
  readonly federation: RepairFederation & Pick<FederationApi, 'backfill'>
  /** Whether nothing more is asked of other servers: one that is slow has each of a hundred events wait for its state. */
  readonly isTimeUp: () => boolean
}

/** How many servers are asked before we give up. */
const MAX_SERVERS = 5
/** How many events are asked for at once. */
const MAX_EVENTS = 100
/** Time for one call, whatever the component itself does, in ms. */
const CALL_MS = 30_000
/** Time after which no further call is made, in ms. */
const BUDGET_MS = 120_000

/** An event of the past, and the server that gave it. */
interface Given {
  readonly event: Pdu
  readonly server: string
}

/**
 * Fetches earlier events of a room from the servers in it, one after the other until they lead back to what we have, to
 * the beginning of the room or far enough, and takes them in as part of the room's past, oldest first.
 *
 * @param from - the newest of the events that are wanted
 * @returns the events that came and were not refused, oldest first
 * @throws {RoomserverError} COMPONENT_NOT_CONFIGURED when there are other servers and nobody to ask them
 */
export async function backfillFromOthers(
  context: PerformContext,
  room: RoomRecord,
  from: readonly EventId[],
): Promise<readonly EventRecord[]> {
  const servers = (await context.store.joinedServers(room.nid)).filter((name) => name !== context.serverName)
  if (servers.length === 0 || from.length === 0) return []
  const parts = partsOf(context, federationFor(context, 'fetching earlier events'))
  const expected = { roomId: room.roomId, rules: rulesOf(room) }
  const given = new Map<EventId, Given>()
  let wanted: ReadonlyMap<EventId, Given> = given
  for (const server of servers.slice(0, MAX_SERVERS)) {
    if (parts.isTimeUp()) break
    for (const event of await eventsFrom(parts, expected, server, from))
      if (!given.has(event.eventId)) given.set(event.eventId, { event, server })
    wanted = eventsBefore(from, given, ({ event }) => event.prevEvents)
    if (wanted.size >= MAX_EVENTS || (wanted.size > 0 && !(await isPastUnknown(parts, wanted)))) break
  }
  return wanted.size === 0 ? [] : await takeAll(parts, expected, wanted)
}

function partsOf(context: PerformContext, federation: FederationApi): BackfillParts {
  const { clock } = context
  const deadline = clock.now() + BUDGET_MS
  const backfill: FederationApi['backfill'] = (request) => inTime(federation.backfill(request), CALL_MS)
  return {
    ...context,
    federation: { ...withCallBudget(federation, CALL_MS), backfill },
    isTimeUp: () => clock.now() >= deadline,
  }
}

/** Whether some of the events build on others that were not given and are not here: another server may have them. */
async function isPastUnknown({ store }: FetchParts, given: ReadonlyMap<EventId, Given>): Promise<boolean> {
  const past = [...given.values()].flatMap(({ event }) => event.prevEvents).filter((id) => !given.has(id))
  const records = await store.eventsById([...new Set(past)])
  const inGraph = new Set(records.filter(({ before }) => before !== NO_NID).map(({ eventId }) => eventId))
  return past.some((id) => !inGraph.has(id))
}

/** Earlier events from one server; none when it fails. */
async function eventsFrom(
  parts: BackfillParts,
  room: ExpectedRoom,
  server: string,
  from: readonly EventId[],
): Promise<readonly Pdu[]> {
  try {
    const { pdus } = await parts.federation.backfill({
      S: server,
      RoomID: room.roomId,
      Limit: MAX_EVENTS,
      EventIDs: from,
    })
    return await verifiedEvents(parts, room, pdus, MAX_EVENTS)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    parts.log.warn({ room_id: room.roomId, server, reason }, 'could not backfill from a server')
    return []
  }
}

async function takeAll(
  parts: BackfillParts,
  room: ExpectedRoom,
  given: ReadonlyMap<EventId, Given>,
): Promise<readonly EventRecord[]> {
  const taken: EventId[] = []
  const events = [...given.values()].map(({ event }) => event)
  for (const event of oldestFirst(events, ({ prevEvents }) => prevEvents)) {
    const server = given.get(event.eventId)?.server ?? ''
    if (await isTakenInto(parts, room, server, event)) taken.push(event.eventId)
  }
  await parts.input.runTask(reconnectHistoryTask(room, taken))
  const records = await parts.store.eventsById(taken)
  const byId = new Map(records.map((record) => [record.eventId, record]))
  return taken.map((id) => byId.get(id)).filter((record) => record !== undefined)
}

/** What an event builds on may lie before the events that were sent: then the state before it is asked for. */
async function isTakenInto(
  parts: BackfillParts,
  room: ExpectedRoom,
  server: string,
  event: Pdu,
): Promise<boolean> {
  try {
    const outcome = await ingest(parts, oldEvent(event))
    if (outcome.kind !== 'missing') return isTaken(outcome)
    if (parts.isTimeUp()) return false
    if (outcome.auth.length > 0) await fetchAuthEvents(parts, room, server, event.eventId)
    if (outcome.prev.length === 0) return isTaken(await ingest(parts, oldEvent(event)))
    const { eventIds } = await fetchStateBefore(parts, room, server, event)
    if (eventIds.length === 0) return false
    return isTaken(await ingest(parts, oldEvent(event, eventIds)))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    parts.log.warn(
      { room_id: room.roomId, event_id: event.eventId, reason },
      'could not store a backfilled event',
    )
    return false
  }
}
