import type { Suspendable } from '@roomserver/types'
import { decideEvent } from '../decide/decide-event.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { Decision, EventInput } from '../decide/event-input.ts'
import { eventWithId } from '../view/reads.ts'
import { applyLatePolicySignature } from './apply-late-policy-signature.ts'
import { applyLatePrevEvent } from './apply-late-prev-event.ts'

/**
 * Decides on an event and re-evaluates what depends on it: the event itself where it is stored and comes again with the
 * signature of a policy server, and the events that it turns out to be before.
 */
export function* decideAndReevaluate(draft: Draft, input: EventInput): Suspendable<DecideNeed, Decision> {
  const decision = yield* decideEvent(draft, input)
  if (decision.kind !== 'stored') return decision
  const record = yield* eventWithId(draft.view, decision.eventId)
  if (record === null) return decision
  if (decision.known) return (yield* applyLatePolicySignature(draft, record, input)) ?? decision
  if (input.kind === 'new') yield* applyLatePrevEvent(draft, record)
  return decision
}
