import type { Pdu } from '@roomserver/events'
import type { Suspendable, EventRecord } from '@roomserver/types'
import { ACCEPTANCE_RULE } from '../decide/acceptance.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { POLICY_RULE, policyServerFor } from '../decide/policy-server.ts'
import { atRemoteState } from '../decide/remote-state.ts'
import { failureNow } from '../decide/soft-fail.ts'

/**
 * Whether the current state lets an event in that comes late, and the policy server of the room has signed it; one that it
 * does not has failed softly. What only the policy server is wanting for is checked later, outside the room's queue.
 */
export function* passesCurrentState(draft: Draft, event: EventRecord): Suspendable<DecideNeed, boolean> {
  // What this server does not want does not come in later either.
  if (event.rule === ACCEPTANCE_RULE) return false
  const pdu = draft.view.authPduOf(event, draft.rules)
  const lacksPast = (yield* atRemoteState(draft)).has(event.nid)
  const failure = yield* failureNow(draft, pdu, event.before, lacksPast)
  if (failure === undefined) return yield* isSigned(draft, event, pdu)
  draft.updateEvent(event, { verdict: 'soft-failed', rule: failure.rule, reason: failure.reason })
  return false
}

function* isSigned(draft: Draft, event: EventRecord, pdu: Pdu): Suspendable<DecideNeed, boolean> {
  if (draft.signedLate.has(event.nid)) return true
  const policy = yield* policyServerFor(draft, pdu)
  if (policy === undefined) return true
  if (event.rule === POLICY_RULE) return false
  const reason = `the policy server ${policy.server} has not been asked to sign it yet`
  draft.updateEvent(event, { verdict: 'soft-failed', rule: POLICY_RULE, reason })
  draft.unchecked.add(event.nid)
  return false
}
