import { authTypesFor } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import { stateForTuples } from '../view/state-at.ts'
import type { Need } from '../view/record-kinds.ts'
import { type EventReferences, isUnevaluated } from './event-references.ts'
import type { EvaluatedRoom } from './room.ts'

/** Types of events whose content the rules read to check them. */
const READ_WHEN_JUDGED: readonly string[] = [
  'm.room.create',
  'm.room.member',
  'm.room.power_levels',
  'm.room.redaction',
]

/** Types of which a redaction takes away what the rules read of them in the state, or did in early versions. */
const READ_IN_STATE: readonly string[] = ['m.room.create', 'm.room.power_levels', 'm.room.third_party_invite']

/**
 * Whether everything that the rules read to check a stored event is known. Of events that were redacted by programs which did not
 * keep that, it is not; and of some nobody knows yet all that they reference. Then the verdict that is stored stands.
 */
export function* canEvaluate(
  room: Pick<EvaluatedRoom, 'view' | 'rules'>,
  record: EventRecord,
  pdu: Pdu,
  { auth }: Pick<EventReferences, 'auth'>,
): Suspendable<Need, boolean> {
  if (record.verdict === 'rejected-by-state' && record.before === NO_NID) return false
  if (isUnevaluated(record, pdu) || (READ_WHEN_JUDGED.includes(pdu.type) && isLost(record))) return false
  const tuples = authTypesFor(pdu, room.rules).map(([type, stateKey]) => ({ type, stateKey }))
  const standing = record.before === NO_NID ? [] : yield* stateForTuples(room.view, record.before, tuples)
  const state = yield* eventsOf(
    room.view,
    standing.filter((nid) => nid !== NO_NID),
  )
  const isIncomplete = (one: EventRecord): boolean =>
    isLost(one) && READ_IN_STATE.includes(room.view.pduOf(one, room.rules).type)
  return ![...auth.values(), ...state].some(isIncomplete)
}

function isLost({ redactedBy, authContent }: EventRecord): boolean {
  return redactedBy !== NO_NID && authContent === undefined
}
