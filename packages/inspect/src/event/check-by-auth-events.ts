import {
  type AuthState,
  authStateOf,
  type AuthVerdict,
  checkAuth,
  checkAuthEvents,
  checkEventGraph,
  createIdOf,
} from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { isRejected, type Suspendable } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { eventsWithIds } from '../read/records.ts'

/** What the rules say about an event against the auth events that it names. */
export interface ByAuthEvents {
  readonly verdict: AuthVerdict
  /** What they make up as a state; `undefined` where the selection of auth events was refused already. */
  readonly state: AuthState | undefined
}

/** The rules applied to an event and the auth events that it names. */
export function* checkByAuthEvents(
  reader: RecordReader,
  rules: RoomVersionRules,
  pdu: Pdu,
): Suspendable<RecordNeed, ByAuthEvents> {
  const outside = checkEventGraph(pdu)
  if (outside !== undefined) return { verdict: outside, state: undefined }
  const createId = createIdOf(pdu)
  const isCreate = pdu.type === 'm.room.create'
  // Where the room ID names the create event, that one counts without being named.
  const ids = isCreate ? [] : [...new Set([...pdu.authEvents, ...(createId === undefined ? [] : [createId])])]
  const records = (yield* eventsWithIds(reader, ids)).filter((record) => record !== null)
  const pdus = new Map(records.map((record) => [record.eventId, reader.authPduOf(record, rules)]))
  const rejected = new Set(records.filter(({ verdict }) => isRejected(verdict)).map(({ eventId }) => eventId))
  const own = checkAuthEvents(pdu, { get: (id) => pdus.get(id), isRejected: (id) => rejected.has(id) })
  if (!own.allowed) return { verdict: own, state: undefined }
  const state = authStateOf(pdus.values())
  return { verdict: checkAuth(pdu, state), state }
}
