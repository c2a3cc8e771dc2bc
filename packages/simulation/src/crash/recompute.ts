import { authStateOf, checkAuth, checkAuthEvents } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import { keyOf, resolveSlowly, type Room, type State } from '@roomserver/testing/reference-resolution'

/** What follows from a room's events alone, by the letter of the specification. */
export interface Recomputed {
  readonly rejected: ReadonlySet<EventId>
  readonly before: ReadonlyMap<EventId, State>
  readonly after: ReadonlyMap<EventId, State>
  /** Forward extremities. */
  readonly extremities: readonly Pdu[]
  readonly current: State
}

/**
 * Works out a room from its events.
 *
 * @param events - each after those that it builds upon
 * @param isSoftFailed - which events failed softly: that depends on when they came, and is taken as it was found
 */
export function recompute(events: readonly Pdu[], isSoftFailed: (id: EventId) => boolean): Recomputed {
  const known = new Map(events.map((event) => [event.eventId, event]))
  const rejected = new Set<EventId>()
  const before = new Map<EventId, State>()
  const after = new Map<EventId, State>()
  const room: Room = {
    event: (id) => known.get(id),
    isRejected: (id) => rejected.has(id),
    chain: 'production',
  }
  for (const event of events) {
    const state = resolved(event, event.prevEvents, after, room)
    before.set(event.eventId, state)
    if (!isAllowed(event, state, room)) rejected.add(event.eventId)
    const changes = event.stateKey !== undefined && !rejected.has(event.eventId)
    after.set(event.eventId, changes ? new Map(state).set(keyOf(event.type, event.stateKey), event) : state)
  }
  const isOut = (id: EventId): boolean => rejected.has(id) || isSoftFailed(id)
  const extremities = extremitiesOf(events, known, isOut)
  const [first] = events
  const current = first === undefined ? new Map() : resolved(first, idsOf(extremities), after, room)
  return { rejected, before, after, extremities, current }
}

function resolved(
  { rules }: Pdu,
  ids: readonly EventId[],
  after: ReadonlyMap<EventId, State>,
  room: Room,
): State {
  const states = [...new Set(ids)].map((id) => after.get(id)).filter((state) => state !== undefined)
  const [first] = states
  if (first === undefined) return new Map()
  return states.length === 1 ? first : resolveSlowly(states, rules, room)
}

/** "Passes authorization rules based on the event's auth events", and "based on the state before the event". */
function isAllowed(event: Pdu, before: State, room: Room): boolean {
  const referenced = referencedBy(event, room)
  const byId = new Map(referenced.map((one) => [one.eventId, one]))
  const own = checkAuthEvents(event, { get: (id) => byId.get(id), isRejected: room.isRejected })
  if (!own.allowed || !checkAuth(event, authStateOf(referenced)).allowed) return false
  return checkAuth(event, { get: (type, stateKey) => before.get(keyOf(type, stateKey)) }).allowed
}

function referencedBy(event: Pdu, room: Room): readonly Pdu[] {
  const isNamedByRoom = event.rules.roomId === 'create-hash' && event.type !== 'm.room.create'
  const ids = [...event.authEvents, ...(isNamedByRoom ? [`$${event.roomId.slice(1)}`] : [])]
  return ids.map((id) => room.event(id)).filter((one) => one !== undefined)
}

/** Events in the graph that no event in it builds upon; through events that are out of it one looks at what those build upon. */
function extremitiesOf(
  events: readonly Pdu[],
  known: ReadonlyMap<EventId, Pdu>,
  isOut: (id: EventId) => boolean,
): readonly Pdu[] {
  const builtUpon = new Set<EventId>()
  const visit = (ids: readonly EventId[]): void => {
    for (const id of ids) {
      if (builtUpon.has(id)) continue
      builtUpon.add(id)
      if (isOut(id)) visit(known.get(id)?.prevEvents ?? [])
    }
  }
  for (const event of events) if (!isOut(event.eventId)) visit(event.prevEvents)
  return events.filter(({ eventId }) => !isOut(eventId) && !builtUpon.has(eventId))
}

function idsOf(events: readonly Pdu[]): readonly EventId[] {
  return events.map(({ eventId }) => eventId)
}
