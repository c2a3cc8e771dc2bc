import { authStateOf, type AuthVerdict, checkAuth, checkAuthEvents, checkEventGraph } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventId, type EventRecord, isRejected, NO_NID } from '@roomserver/types'
import { eventsWithIds } from '../view/reads.ts'
import type { Need } from '../view/need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'

/** The events that a new one names. */
export interface EventReferences {
  /** The auth events that are stored, those of other rooms too: the rules refuse an event that names one. */
  readonly auth: ReadonlyMap<EventId, EventRecord>
  /** Those of them that become links of the stored event: events of its own room. */
  readonly links: readonly EventRecord[]
  readonly prev: readonly EventRecord[]
  readonly missing: {
    readonly auth: readonly EventId[]
    /** Prev events that are not in the graph; empty where the event can do without. */
    readonly prev: readonly EventId[]
  }
  /** Prev events that are not in the graph, whether or not that matters to this event. */
  readonly missingPrev: readonly EventId[]
}

/**
 * Looks up what an event references. Prev events of other rooms are left out, and auth events of other rooms never become
 * links: whatever walks from event to event stays in one room, and gives nothing of another one away.
 */
export function* eventReferencesOf(
  draft: Draft,
  { pdu, kind, stateBefore }: EventInput,
): Suspendable<Need, EventReferences> {
  const authIds = [...new Set([...authEventIds(pdu), ...createOf(pdu)])]
  const prevIds = [...new Set(pdu.prevEvents)]
  const found = yield* eventsWithIds(draft.view, [...authIds, ...prevIds])
  const auth = new Map<EventId, EventRecord>()
  authIds.forEach((id, index) => {
    const record = found[index] ?? null
    if (record !== null) auth.set(id, record)
  })
  const prev = found.slice(authIds.length).filter((record) => record !== null)
  const inGraph = prev.filter(({ before, roomNid }) => before !== NO_NID && roomNid === draft.read.nid)
  const inGraphIds = new Set(inGraph.map((record) => record.eventId))
  const missingPrev = prevIds.filter((id) => !inGraphIds.has(id))
  const needsPrev = kind !== 'outlier' && stateBefore === undefined
  return {
    auth,
    links: linksOf(draft, pdu, auth),
    prev: inGraph,
    missing: { auth: authIds.filter((id) => !auth.has(id)), prev: needsPrev ? missingPrev : [] },
    missingPrev,
  }
}

/**
 * The auth events of an event that count. A create event has none, whatever it names: no rule looks at them, and nothing
 * was in the room before it.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
 */
export function authEventIds({ type, stateKey, authEvents }: Linked): readonly EventId[] {
  return type === 'm.room.create' && stateKey === '' ? [] : authEvents
}

type Linked = Pick<Pdu, 'type' | 'stateKey' | 'authEvents'>

/** The auth events of an event that are stored with it as links: those of its own room. */
export function linksOf(
  { read }: Pick<Draft, 'read'>,
  pdu: Linked,
  stored: ReadonlyMap<EventId, EventRecord>,
): readonly EventRecord[] {
  const found = authEventIds(pdu).map((id) => stored.get(id))
  return found.filter((record) => record !== undefined).filter(({ roomNid }) => roomNid === read.nid)
}

/** The create event of a version 12 room is named by the room's ID and not by `auth_events`. */
function createOf({ rules, roomId, type }: Pdu): readonly EventId[] {
  return rules.roomId === 'create-hash' && type !== 'm.room.create' ? [`$${roomId.slice(1)}`] : []
}

/**
 * The rules against the events that the event itself references. (Those of other rooms are parsed by this room's rules, but
 * looked at only to be refused.)
 */
export function checkByAuthEvents(draft: Draft, pdu: Pdu, { auth }: EventReferences): AuthVerdict {
  const outside = checkEventGraph(pdu)
  if (outside !== undefined) return outside
  const pdus = new Map([...auth].map(([id, record]) => [id, draft.view.authPduOf(record, draft.rules)]))
  const own = checkAuthEvents(pdu, {
    get: (id) => pdus.get(id),
    isRejected: (id) => isRejected(auth.get(id)?.verdict ?? 'accepted'),
  })
  return own.allowed ? checkAuth(pdu, authStateOf(pdus.values())) : own
}
