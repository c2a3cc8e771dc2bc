import { authTypesFor } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import type { EventReferences } from '../decide/event-references.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { isUnevaluated } from '../decide/store-unevaluated.ts'
import { eventsOf } from '../view/reads.ts'
import { stateForTuples } from '../view/state-at.ts'

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
export function* canReevaluate(
  draft: Draft,
  record: EventRecord,
  pdu: Pdu,
  { auth }: Pick<EventReferences, 'auth'>,
): Suspendable<DecideNeed, boolean> {
  if (isUnevaluated(record, pdu) || (READ_WHEN_JUDGED.includes(pdu.type) && isLost(record))) return false
  const tuples = authTypesFor(pdu, draft.rules).map(([type, stateKey]) => ({ type, stateKey }))
  const standing = record.before === NO_NID ? [] : yield* stateForTuples(draft.view, record.before, tuples)
  const state = yield* eventsOf(
    draft.view,
    standing.filter((nid) => nid !== NO_NID),
  )
  const isIncomplete = (one: EventRecord): boolean =>
    isLost(one) && READ_IN_STATE.includes(draft.view.pduOf(one, draft.rules).type)
  return ![...auth.values(), ...state].some(isIncomplete)
}

function isLost({ redactedBy, authContent }: EventRecord): boolean {
  return redactedBy !== NO_NID && authContent === undefined
}
