import { authStateOf, type AuthVerdict, checkAuth, checkAuthEvents, checkEventGraph } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventId, type EventRecord, isRejected, NO_NID } from '@roomserver/types'
import { eventsWithIds } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import type { EvaluatedRoom } from './room.ts'

/** The events that an event refers to. */
export interface EventReferences {
  /** The auth events that are stored, those of other rooms too: the rules refuse an event that names one. */
  readonly auth: ReadonlyMap<EventId, EventRecord>
  /** Those of them that become links of the stored event: events of its own room. */
  readonly links: readonly EventRecord[]
  readonly prev: readonly EventRecord[]
  readonly missingAuth: readonly EventId[]
  /** Prev events that are not in the graph. */
  readonly missingPrev: readonly EventId[]
}

/**
 * Looks up what an event references. Prev events of other rooms are left out, and auth events of other rooms never become
 * links: whatever walks from event to event stays in one room, and gives nothing of another one away.
 */
export function* eventReferencesOf(
  room: Pick<EvaluatedRoom, 'view' | 'read'>,
  pdu: Pdu,
): Suspendable<Need, EventReferences> {
  const authIds = [...new Set([...authEventIds(pdu), ...createOf(pdu)])]
  const prevIds = [...new Set(pdu.prevEvents)]
  const found = yield* eventsWithIds(room.view, [...authIds, ...prevIds])
  const auth = new Map<EventId, EventRecord>()
  authIds.forEach((id, index) => {
    const record = found[index] ?? null
    if (record !== null) auth.set(id, record)
  })
  const prev = found.slice(authIds.length).filter((record) => record !== null)
  const inGraph = prev.filter(({ before, roomNid }) => before !== NO_NID && roomNid === room.read.nid)
  const inGraphIds = new Set(inGraph.map((record) => record.eventId))
  return {
    auth,
    links: linksOf(room, pdu, auth),
    prev: inGraph,
    missingAuth: authIds.filter((id) => !auth.has(id)),
    missingPrev: prevIds.filter((id) => !inGraphIds.has(id)),
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
  { read }: Pick<EvaluatedRoom, 'read'>,
  pdu: Linked,
  stored: ReadonlyMap<EventId, EventRecord>,
): readonly EventRecord[] {
  const found = authEventIds(pdu).map((id) => stored.get(id))
  return found.filter((record) => record !== undefined).filter(({ roomNid }) => roomNid === read.nid)
}

/** How many auth events follow one another below an event with these links. */
export function authLevelOver(links: readonly EventRecord[]): number {
  return Math.max(-1, ...links.map(({ authLevel }) => authLevel)) + 1
}

/** Whether a stored event has these links. */
export function isLinkedTo(stored: Pick<EventRecord, 'authNids'>, links: readonly EventRecord[]): boolean {
  const nids = links.map(({ nid }) => nid)
  return nids.length === stored.authNids.length && nids.every((nid, at) => nid === stored.authNids[at])
}

/** Whether a stored event has a greater auth level than each of its links, as walks over auth chains rely upon. */
export function isLevelAbove(stored: Pick<EventRecord, 'authLevel'>, links: readonly EventRecord[]): boolean {
  return links.every(({ authLevel }) => authLevel < stored.authLevel)
}

/**
 * Whether an event is stored without some of what it refers to, as nobody knew that when it came: an invite from outside the
 * room. Then it cannot be evaluated.
 */
export function isUnevaluated(
  { verdict, authNids }: Pick<EventRecord, 'verdict' | 'authNids'>,
  pdu: Linked,
): boolean {
  return verdict === 'outlier' && authNids.length < authEventIds(pdu).length
}

/** The create event of a version 12 room is named by the room's ID and not by `auth_events`. */
function createOf({ rules, roomId, type }: Pdu): readonly EventId[] {
  return rules.roomId === 'create-hash' && type !== 'm.room.create' ? [`$${roomId.slice(1)}`] : []
}

/**
 * The rules against the events that the event itself references. (Those of other rooms are parsed by this room's rules, but
 * looked at only to be refused.)
 */
export function checkByAuthEvents(
  room: Pick<EvaluatedRoom, 'view' | 'rules'>,
  pdu: Pdu,
  { auth }: Pick<EventReferences, 'auth'>,
): AuthVerdict {
  const outside = checkEventGraph(pdu)
  if (outside !== undefined) return outside
  const pdus = new Map([...auth].map(([id, record]) => [id, room.view.authPduOf(record, room.rules)]))
  const own = checkAuthEvents(pdu, {
    get: (id) => pdus.get(id),
    isRejected: (id) => isRejected(auth.get(id)?.verdict ?? 'accepted'),
  })
  return own.allowed ? checkAuth(pdu, authStateOf(pdus.values())) : own
}
