import { authStateOf, type AuthVerdict, checkAuth, checkAuthEvents } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Asking, type EventId, type EventRecord, isRejected, NO_NID } from '@roomserver/types'
import { eventsWithIds } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'

/** The events that a new one names. */
export interface Citations {
  readonly auth: ReadonlyMap<EventId, EventRecord>
  readonly prev: readonly EventRecord[]
  readonly missing: {
    readonly auth: readonly EventId[]
    /** Prev events that are not in the graph; empty where the event can do without. */
    readonly prev: readonly EventId[]
  }
  /** Prev events that are not in the graph, whether or not that matters to this event. */
  readonly dangling: readonly EventId[]
}

/** Looks up what an event cites. */
export function* citationsOf(draft: Draft, { pdu, kind, stateBefore }: EventInput): Asking<Need, Citations> {
  const authIds = [...new Set([...pdu.authEvents, ...createOf(pdu)])]
  const prevIds = [...new Set(pdu.prevEvents)]
  const found = yield* eventsWithIds(draft.view, [...authIds, ...prevIds])
  const auth = new Map<EventId, EventRecord>()
  authIds.forEach((id, index) => {
    const record = found[index] ?? null
    if (record !== null) auth.set(id, record)
  })
  const prev = found.slice(authIds.length).filter((record) => record !== null)
  const inGraph = prev.filter((record) => record.before !== NO_NID)
  const inGraphIds = new Set(inGraph.map((record) => record.eventId))
  const dangling = prevIds.filter((id) => !inGraphIds.has(id))
  const needsPrev = kind !== 'outlier' && stateBefore === undefined
  return {
    auth,
    prev: inGraph,
    missing: { auth: authIds.filter((id) => !auth.has(id)), prev: needsPrev ? dangling : [] },
    dangling,
  }
}

/** The create event of a version 12 room is named by the room's ID and not by `auth_events`. */
function createOf({ rules, roomId, type }: Pdu): readonly EventId[] {
  return rules.roomId === 'create-hash' && type !== 'm.room.create' ? [`$${roomId.slice(1)}`] : []
}

/**
 * The rules against the events that the event itself cites. (Those of other rooms are parsed by this room's rules, but
 * looked at only to be refused.)
 */
export function judgeByCitations(draft: Draft, pdu: Pdu, { auth }: Citations): AuthVerdict {
  const pdus = new Map([...auth].map(([id, record]) => [id, draft.view.pduOf(record, draft.rules)]))
  const own = checkAuthEvents(pdu, {
    get: (id) => pdus.get(id),
    isRejected: (id) => isRejected(auth.get(id)?.verdict ?? 'accepted'),
  })
  return own.allowed ? checkAuth(pdu, authStateOf(pdus.values())) : own
}
