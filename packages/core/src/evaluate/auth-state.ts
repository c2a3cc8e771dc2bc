import { type AuthState, authStateOf, authTypesFor, createIdOf } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventNid, isRejected, NO_NID, type SnapshotNid } from '@roomserver/types'
import { eventsOf, eventWithId } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import { type StateTuple, stateForTuples } from '../view/state-at.ts'
import type { EvaluatedRoom } from './room.ts'

type ReadRoom = Pick<EvaluatedRoom, 'view' | 'rules'>

/**
 * What the rules read of a state to check an event, or of the current state of the room. Where the room ID names the
 * create event, it is that one whatever the state holds.
 */
export function* authStateAt(
  room: ReadRoom,
  snapshot: SnapshotNid,
  event: Pdu,
): Suspendable<Need, AuthState> {
  const tuples = authTypesFor(event, room.rules).map(([type, stateKey]) => ({ type, stateKey }))
  const standing = yield* pdusAt(room, snapshot, tuples)
  return authStateOf([...standing, ...(yield* namedCreate(room, event))])
}

function* namedCreate(room: ReadRoom, event: Pdu): Suspendable<Need, readonly Pdu[]> {
  const id = createIdOf(event)
  const record = id === undefined ? null : yield* eventWithId(room.view, id)
  if (record === null || isRejected(record.verdict)) return []
  const create = room.view.authPduOf(record, room.rules)
  return create.type === 'm.room.create' ? [create] : []
}

/** The events that a state has for these tuples, those left out for which it has none. */
export function* pdusAt(
  room: ReadRoom,
  snapshot: SnapshotNid,
  tuples: readonly StateTuple[],
): Suspendable<Need, readonly Pdu[]> {
  const nids = yield* stateForTuples(room.view, snapshot, tuples)
  return yield* pdusOf(
    room,
    nids.filter((nid) => nid !== NO_NID),
  )
}

export function* pdusOf(room: ReadRoom, nids: readonly EventNid[]): Suspendable<Need, readonly Pdu[]> {
  const records = yield* eventsOf(room.view, nids)
  return records.map((record) => room.view.authPduOf(record, room.rules))
}
