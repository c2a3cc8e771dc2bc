import { softFailure } from '@roomserver/auth'
import type { Asking, EventRecord } from '@roomserver/types'
import { authStateAt } from '../decide/auth-state.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'

/** Whether the current state lets an event in that comes late; one that it does not has failed softly. */
export function* isLetIn(draft: Draft, event: EventRecord): Asking<DecideNeed, boolean> {
  const { current } = draft.room
  if (current === event.before) return true
  const pdu = draft.view.authPduOf(event, draft.rules)
  const failure = softFailure(pdu, yield* authStateAt(draft, current, pdu))
  if (failure === undefined) return true
  const { rule, reason } = failure
  draft.updateEvent(event, { verdict: 'soft-failed', rule, reason })
  return false
}
