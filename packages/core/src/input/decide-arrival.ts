import { type Suspendable, isFailure, RoomserverError, serverOf } from '@roomserver/types'
import { eventsWithIds } from '../view/reads.ts'
import { decideAndReevaluate } from '../reevaluate/decide-and-reevaluate.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { Decision, EventInput, Outcome } from '../decide/event-input.ts'
import { hasNotDeparted } from '../decide/has-not-departed.ts'

/**
 * Decides on an event that somebody gives us. Those of other servers are refused, unseen, in rooms that our users have
 * all left, or at least those that lack something or fork the room beyond its limit: nobody here will read them, and a room
 * that is repaired for nobody costs other servers as well.
 */
export function* decideArrival(draft: Draft, input: EventInput): Suspendable<DecideNeed, Decision> {
  if (!isFromElsewhere(draft, input) || (yield* hasNotDeparted(draft)))
    return yield* decideAndReevaluate(draft, input)
  if (!draft.context.acceptsEventsForDepartedRooms || (yield* isOneExtremityTooMany(draft, input)))
    return refused(input)
  const outcome = yield* decideAndReevaluate(draft, input)
  return outcome.kind === 'missing' ? refused(input) : outcome
}

/**
 * Whether an event would be a further forward extremity of a room that has as many as it may have. Nobody here can merge
 * them once our users have left.
 */
function* isOneExtremityTooMany(draft: Draft, { pdu }: EventInput): Suspendable<DecideNeed, boolean> {
  const { extremities } = draft.room
  if (extremities.length < draft.context.maxExtremities) return false
  const [known, ...prev] = yield* eventsWithIds(draft.view, [pdu.eventId, ...pdu.prevEvents])
  const replaces = prev.some((record) => record !== null && extremities.includes(record.nid))
  return known === null && !replaces
}

/** Whether an event was refused because our users have left its room. What brings them back may be on its way. */
export function isForDepartedRoom(outcome: Outcome): boolean {
  if (outcome.kind !== 'refused' || !isFailure(outcome.error, 'NOT_ALLOWED')) return false
  return outcome.error.details.rule === DEPARTED
}

const DEPARTED = 'membership'

function refused({ pdu: { eventId } }: EventInput): Outcome {
  const reason = 'no user of this server is in the room any longer'
  const error = new RoomserverError('NOT_ALLOWED', { eventId, rule: DEPARTED, reason }, reason)
  return { kind: 'refused', error }
}

/** Whether an event is new, of another server, and concerns nobody of ours: it may bring one of them back. */
function isFromElsewhere(draft: Draft, { kind, pdu, stateBefore }: EventInput): boolean {
  const { serverName } = draft.context
  if (kind !== 'new' || stateBefore?.by === 'rewrite') return false
  if (pdu.type === 'm.room.member' && serverOf(pdu.stateKey ?? '') === serverName) return false
  return serverOf(pdu.sender) !== serverName
}
