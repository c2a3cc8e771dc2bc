import { type AuthState, authStateOf, authTypesFor, createIdOf } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventNid, isRejected, NO_NID, type SnapshotNid } from '@roomserver/types'
import { eventsOf, eventWithId } from '../view/reads.ts'
import type { Need } from '../view/need.ts'
import { type StateTuple, stateForTuples } from '../view/state-at.ts'
import type { Draft } from './draft.ts'

/**
 * What the rules read of a state to check an event, or of the current state of the room. Where the room ID names the
 * create event, it is that one whatever the state holds.
 */
export function* authStateAt(draft: Draft, snapshot: SnapshotNid, event: Pdu): Suspendable<Need, AuthState> {
  const tuples = authTypesFor(event, draft.rules).map(([type, stateKey]) => ({ type, stateKey }))
  const standing = yield* pdusAt(draft, snapshot, tuples)
  return authStateOf([...standing, ...(yield* namedCreate(draft, event))])
}

function* namedCreate(draft: Draft, event: Pdu): Suspendable<Need, readonly Pdu[]> {
  const id = createIdOf(event)
  const record = id === undefined ? null : yield* eventWithId(draft.view, id)
  if (record === null || isRejected(record.verdict)) return []
  const create = draft.view.authPduOf(record, draft.rules)
  return create.type === 'm.room.create' ? [create] : []
}

/** The events that a state has for these tuples, those left out for which it has none. */
export function* pdusAt(
  draft: Draft,
  snapshot: SnapshotNid,
  tuples: readonly StateTuple[],
): Suspendable<Need, readonly Pdu[]> {
  const nids = yield* stateForTuples(draft.view, snapshot, tuples)
  return yield* pdusOf(
    draft,
    nids.filter((nid) => nid !== NO_NID),
  )
}

export function* pdusOf(draft: Draft, nids: readonly EventNid[]): Suspendable<Need, readonly Pdu[]> {
  const records = yield* eventsOf(draft.view, nids)
  return records.map((record) => draft.view.authPduOf(record, draft.rules))
}
