import type { Suspendable, EventRecord } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { atRemoteState } from '../decide/remote-state.ts'
import { failureNow } from '../decide/soft-fail.ts'

/** Whether the current state lets an event in that comes late; one that it does not has failed softly. */
export function* passesCurrentState(draft: Draft, event: EventRecord): Suspendable<DecideNeed, boolean> {
  const pdu = draft.view.authPduOf(event, draft.rules)
  const lacksPast = (yield* atRemoteState(draft)).has(event.nid)
  const failure = yield* failureNow(draft, pdu, event.before, lacksPast)
  if (failure === undefined) return true
  draft.updateEvent(event, { verdict: 'soft-failed', rule: failure.rule, reason: failure.reason })
  return false
}
