import { RoomserverError } from '@roomserver/types'
import type { EventInput, Outcome } from './event-input.ts'
import type { Judgement } from './judgement.ts'

/** The rule of events that the acceptance check of this server refused. */
export const ACCEPTANCE_RULE = 'acceptance'

/**
 * What becomes of an event that the rules allow and the acceptance check of this server has refused: one that this server made,
 * or that would bring a user of ours into a room, is refused and not stored; all others fail softly, because other servers build
 * on them. `undefined`: it was not refused.
 */
export function judgeByAcceptance(
  { acceptance, isOurs, pdu, stateBefore }: EventInput,
  { verdict }: Judgement,
): Judgement | Extract<Outcome, { readonly kind: 'refused' }> | undefined {
  if (acceptance === undefined || acceptance.accepted || verdict !== 'accepted') return undefined
  const { reason } = acceptance
  if (isOurs !== true && stateBefore?.by !== 'rewrite')
    return { verdict: 'soft-failed', rule: ACCEPTANCE_RULE, reason }
  const details = { eventId: pdu.eventId, rule: ACCEPTANCE_RULE, reason }
  return { kind: 'refused', error: new RoomserverError('NOT_ALLOWED', details, reason) }
}
