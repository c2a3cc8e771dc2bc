import type { Pdu } from '@roomserver/events'
import { type EventId, NO_NID } from '@roomserver/types'
import type { EventInput } from '../decide/event-input.ts'
import type { Fetched, MissingEvents } from '../input/fetch-missing.ts'
import { agreedRemoteState } from './agreed-remote-state.ts'
import { fetchEvents, singleEvents } from './fetch-state.ts'
import { eventsBefore } from '../graph/events-before.ts'
import { authEventsOf, orElse } from './or-else.ts'
import { oldestFirst } from '../graph/oldest-first.ts'
import { refusalTask } from './rejection-task.ts'
import type { Found, Gap, GapAttempt } from './gap.ts'
import type { RepairParts } from './repair-parts.ts'
import { ingestGap, ingestInOrder, ingestHistory } from './ingest-gap.ts'
import { verifiedEvents } from './verify-events.ts'

/** How many events are asked for in one go. */
const MAX_PAGE = 20
/** How often more is asked for before the state is taken instead. */
const MAX_PAGES = 10
/** How many events of a given state are fetched one by one. */
const MAX_SINGLE = 200

/**
 * Gets what an event lacks from one server. Missing events of the graph are asked for back to what we have; where they
 * do not reach that far, and the way is `state`, the state before the first that is still missing is, and the room goes on
 * from there, its branches resolved. Where one way fails, what was fetched stays and the next is tried.
 */
export async function fillFrom(
  parts: RepairParts,
  server: string,
  input: EventInput,
  missing: MissingEvents,
  attempt: GapAttempt,
): Promise<Fetched> {
  const { pdu } = input
  const { way, given } = attempt
  const gap: Gap = { ...attempt, parts, server, event: pdu, roomId: pdu.roomId, rules: pdu.rules }
  try {
    if (missing.auth.length > 0) await authEventsOf(gap, pdu, missing.auth)
    if (missing.state.length > 0) await fetchEvents(parts, gap, server, missing.state.slice(0, MAX_SINGLE))
    const left = await notInGraph(gap, missing.prev)
    if (left.length === 0) return await settled(gap, missing)
    const events = given.get(server) ?? (await missingEvents(gap, left))
    given.set(server, events)
    const inside = way === 'state' ? await withMissingPast(gap, events) : events.inside
    if (inside.length > events.inside.length)
      await orElse(gap, 'could not get the state at missing events; trying another way', () =>
        ingestInOrder(gap, inside),
      )
    await ingestGap(gap, events.inside)
    await ingestHistory(gap, events.past)
    if ((await notInGraph(gap, missing.prev)).length === 0) return { kind: 'filled' }
    if (way === 'events') return failed('the server does not have all events of the gap')
    const eventIds = await agreedRemoteState(gap, pdu)
    if (eventIds.length === 0) return failed('the server has no state before the event')
    const refusal = await parts.input.runTask(refusalTask(pdu, eventIds))
    // Another server may tell a state that lets the event in.
    return refusal === undefined ? { kind: 'state', eventIds } : failed(refusal)
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error))
  }
}

/** Whether everything but the graph is there now. */
async function settled({ parts }: Gap, { auth, state }: MissingEvents): Promise<Fetched> {
  const wanted = [...auth, ...state]
  const known = new Set((await parts.store.eventsById(wanted)).map((record) => record.eventId))
  const unknown = wanted.filter((id) => !known.has(id))
  return unknown.length === 0 ? { kind: 'filled' } : failed(`the server did not supply ${unknown.join(', ')}`)
}

/**
 * Asks for the events between what we have of the room and the new one, as far as the server gives them. One that does
 * not know the new event may have those that it builds on.
 */
async function missingEvents(gap: Gap, missing: readonly EventId[]): Promise<Found> {
  const { parts, server, event, rules, roomId, isTimeUp } = gap
  const earliest = await extremitiesOf(gap)
  const found = new Map<EventId, Pdu>()
  let latest: readonly EventId[] = [event.eventId]
  let inside: readonly Pdu[] = []
  let isSingle = false
  for (let page = 0; page < MAX_PAGES && latest.length > 0 && !isTimeUp(); page++) {
    const Missing = { limit: MAX_PAGE, min_depth: 0, earliest_events: earliest, latest_events: latest }
    let events: readonly string[] | undefined
    await orElse(gap, 'could not fetch missing events; trying another way', async () => {
      const request = { S: server, RoomID: roomId, Missing, RoomVersion: rules.version }
      events = (await parts.federation.lookupMissingEvents(request)).events
    })
    const isRefused = events === undefined
    isSingle ||= page === 0 && (events ?? []).length === 0
    const texts =
      isSingle && page === 0 ? await singleEvents(parts, server, missing.slice(0, MAX_PAGE)) : events
    if (texts === undefined || texts.length === 0) break
    const given = await verifiedEvents(parts, gap, texts, MAX_PAGE)
    const fresh = given.filter((one) => !found.has(one.eventId))
    for (const one of fresh) found.set(one.eventId, one)
    const walked = await walkBack(gap, found)
    inside = walked.inside
    latest = fresh.length > 0 && !isRefused ? walked.withUnknownPast : []
  }
  const before = eventsBefore(event.prevEvents, found, ({ prevEvents }) => prevEvents)
  const others = new Set(await notInGraph(gap, [...before.keys()]))
  for (const { eventId } of inside) others.delete(eventId)
  const past = [...before.values()].filter(({ eventId }) => others.has(eventId))
  return { inside: inPlace(inside), past: inPlace(past), isSingle }
}

/**
 * The events of a gap with those before them that are still missing, as far as the server has them one by one: at these
 * the state is asked for, and what builds upon them is worked out from there. What was itself fetched as missing is not
 * gone behind.
 */
async function withMissingPast(gap: Gap, { inside, isSingle }: Found): Promise<readonly Pdu[]> {
  const { parts, server } = gap
  if (isSingle || gap.isTimeUp()) return inside
  const given = new Set(inside.map(({ eventId }) => eventId))
  const past = new Set(inside.flatMap(({ prevEvents }) => prevEvents).filter((id) => !given.has(id)))
  const missing = (await notInGraph(gap, [...past])).slice(0, MAX_PAGE)
  if (missing.length === 0) return inside
  let fetched: readonly Pdu[] = []
  await orElse(gap, 'could not fetch events before a gap; trying another way', async () => {
    fetched = await verifiedEvents(parts, gap, await singleEvents(parts, server, missing), MAX_PAGE)
  })
  return inPlace([...fetched.filter(({ eventId }) => missing.includes(eventId)), ...inside])
}

function inPlace(events: readonly Pdu[]): readonly Pdu[] {
  return oldestFirst(events, ({ prevEvents }) => prevEvents)
}

async function extremitiesOf({ parts, roomId }: Gap): Promise<readonly EventId[]> {
  const room = await parts.store.room(roomId)
  const records = await parts.store.eventsByNid(room?.extremities ?? [])
  return records.map((record) => record.eventId)
}

/**
 * Walks back from the new event over what was found, to the graph and no further: a server that cannot tell where our
 * graph begins also gives what lies before it, which is the past of the room and nothing new.
 */
async function walkBack(
  gap: Gap,
  found: ReadonlyMap<EventId, Pdu>,
): Promise<{ readonly inside: readonly Pdu[]; readonly withUnknownPast: readonly EventId[] }> {
  const referenced = new Set([gap.event, ...found.values()].flatMap((event) => event.prevEvents))
  const beyondGraph = new Set(await notInGraph(gap, [...referenced]))
  const walked = new Set([gap.event])
  const withUnknownPast: EventId[] = []
  for (const event of walked) {
    const past = event.prevEvents.filter((id) => beyondGraph.has(id))
    const events = past.map((id) => found.get(id)).filter((one) => one !== undefined)
    for (const one of events) walked.add(one)
    if (events.length < past.length && event !== gap.event) withUnknownPast.push(event.eventId)
  }
  walked.delete(gap.event)
  return { inside: [...walked], withUnknownPast }
}

async function notInGraph({ parts }: Gap, ids: readonly EventId[]): Promise<readonly EventId[]> {
  if (ids.length === 0) return []
  const records = await parts.store.eventsById(ids)
  const inGraph = new Set(records.filter((one) => one.before !== NO_NID).map((one) => one.eventId))
  return ids.filter((id) => !inGraph.has(id))
}

function failed(reason: string): Fetched {
  return { kind: 'failed', reason }
}
