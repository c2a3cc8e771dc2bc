import { policySignatureIn, type Pdu, type PolicyServer, withPolicySignature } from '@roomserver/events'
import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import type { Decision, EventInput } from '../decide/event-input.ts'
import { isOf, POLICY_RULE, policyServerFor } from '../decide/policy-server.ts'
import { eventOf } from '../view/reads.ts'
import { acceptIfSoftFailed } from './accept-soft-failed.ts'

/**
 * Takes an event in that failed softly for want of the policy server's signature, and comes again: with a signature, or in
 * a room that has another policy server by now, or none.
 *
 * @returns `undefined`: it is no such event, or nothing has changed
 */
export function* applyLatePolicySignature(
  draft: Draft,
  known: EventRecord,
  { kind, pdu, policy: check }: EventInput,
): Suspendable<DecideNeed, Decision | undefined> {
  if (kind !== 'new' || known.verdict !== 'soft-failed' || known.rule !== POLICY_RULE) return undefined
  if (known.roomNid !== draft.read.nid) return undefined
  const policy = yield* policyServerFor(draft, pdu)
  if (policy !== undefined) {
    if (!isOf(check, policy)) {
      const isNews = signatureIn(pdu, policy) !== signatureIn(draft.view.pduOf(known, draft.rules), policy)
      return isNews ? { kind: 'unchecked', policy, mayAsk: false } : undefined
    }
    if (!check.passed) return undefined
    keepSignature(draft, known, pdu, policy)
  }
  draft.signedLate.add(known.nid)
  yield* acceptIfSoftFailed(draft, known.nid)
  const { eventId, verdict, rule, reason } = yield* eventOf(draft.view, known.nid)
  return { kind: 'stored', eventId, verdict, rule, reason, known: verdict === 'soft-failed' }
}

/** Others who get the event from here need not ask for the signature then. */
function keepSignature(draft: Draft, known: EventRecord, pdu: Pdu, policy: PolicyServer): void {
  const signature = signatureIn(pdu, policy)
  if (signature === undefined || known.before === NO_NID) return
  const stored = draft.view.pduOf(known, draft.rules)
  if (signatureIn(stored, policy) === signature) return
  draft.updateEvent(known, { json: withPolicySignature(stored, policy.server, signature).json })
}

function signatureIn({ json }: Pdu, { server }: PolicyServer): string | undefined {
  const { signatures } = JSON.parse(json) as { readonly signatures?: unknown }
  return policySignatureIn(signatures, server)
}
