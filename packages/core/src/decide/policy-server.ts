import { needsPolicySignature, type Pdu, type PolicyServer, policyServerOf } from '@roomserver/events'
import { lookup } from '@roomserver/state'
import {
  type Suspendable,
  EVENT_TYPE_NIDS,
  NO_NID,
  RoomserverError,
  serverOf,
  type SnapshotNid,
  type StateKeyNid,
} from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import { snapshotOf, stateForTuples } from '../view/state-at.ts'
import type { Judgement } from './judgement.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput, Outcome, PolicyCheck, Unchecked } from './event-input.ts'
import { membershipOf } from './memberships.ts'

/** The rule of events that fail softly for want of the policy server's signature. */
export const POLICY_RULE = 'policy-server'

const MEMBER = EVENT_TYPE_NIDS.get('m.room.member') ?? NO_NID
const POLICY = { type: 'm.room.policy', stateKey: '' }

/** What the policy server of the room makes of an event that the rules allow. */
type PolicyVerdict = Judgement | Unchecked | Extract<Outcome, { readonly kind: 'refused' }> | undefined

/**
 * Holds an event that the rules allow against the policy server of the room as it is now. Whether it has signed the event
 * takes time to find out, and is found out outside the room's queue.
 *
 * @returns `undefined`: the policy server has signed it, or need not
 * @see https://spec.matrix.org/v1.19/server-server-api/#validating-policy-server-signatures
 */
export function* judgeByPolicy(draft: Draft, input: EventInput): Suspendable<DecideNeed, PolicyVerdict> {
  const policy = yield* policyServerFor(draft, input.pdu)
  if (policy === undefined) return undefined
  const { policy: check } = input
  if (!isOf(check, policy)) return { kind: 'unchecked', policy, mayAsk: true }
  if (check.passed) return undefined
  return input.isOurs === true
    ? refusedByPolicy(input.pdu, check.reason)
    : { verdict: 'soft-failed', rule: POLICY_RULE, reason: check.reason }
}

/** Whether a check was made with the policy server that the room has now; one that was given up holds for any. */
export function isOf(check: PolicyCheck | undefined, policy: PolicyServer): check is PolicyCheck {
  if (check === undefined) return false
  return check.policy === 'any' || isSamePolicy(check.policy, policy)
}

function refusedByPolicy({ eventId }: Pdu, reason: string): Extract<Outcome, { kind: 'refused' }> {
  const error = new RoomserverError('NOT_ALLOWED', { eventId, rule: POLICY_RULE, reason }, reason)
  return { kind: 'refused', error }
}

/** The policy server that has to sign an event of the room now; `undefined`: none. */
export function* policyServerFor(
  draft: Draft,
  event: Pick<Pdu, 'type' | 'stateKey'>,
): Suspendable<DecideNeed, PolicyServer | undefined> {
  return needsPolicySignature(event) ? yield* policyServerAt(draft, draft.room.current) : undefined
}

/**
 * The policy server of the room where its current state is this one: named by a valid `m.room.policy`, redacted if that was
 * redacted, and with a user in the room.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#determining-if-a-policy-server-is-enabled-in-a-room
 */
export function* policyServerAt(
  draft: Draft,
  snapshot: SnapshotNid,
): Suspendable<DecideNeed, PolicyServer | undefined> {
  if (draft.policies.has(snapshot)) return draft.policies.get(snapshot)
  const named = yield* namedPolicyServer(draft, snapshot)
  const policy = named !== undefined && (yield* isJoined(draft, snapshot, named.server)) ? named : undefined
  draft.policies.set(snapshot, policy)
  return policy
}

function* namedPolicyServer(
  draft: Draft,
  snapshot: SnapshotNid,
): Suspendable<DecideNeed, PolicyServer | undefined> {
  if (snapshot === NO_NID) return undefined
  const [nid = NO_NID] = yield* stateForTuples(draft.view, snapshot, [POLICY])
  const [record] = nid === NO_NID ? [] : yield* eventsOf(draft.view, [nid])
  return record && policyServerOf(draft.view.pduOf(record, draft.rules))
}

/** Whether any user of a server is joined. */
function* isJoined(draft: Draft, snapshot: SnapshotNid, server: string): Suspendable<DecideNeed, boolean> {
  if (draft.reads.usersOfServer(server) === undefined) yield { kind: 'users-of-server', server }
  const users = new Set(draft.reads.usersOfServer(server))
  for (const user of yield* newUsersOf(draft, server)) users.add(user)
  const blocks = yield* snapshotOf(draft.view, snapshot)
  for (const user of users) {
    const event = yield* lookup(blocks, MEMBER, user, draft.view)
    if ((yield* membershipOf(draft, event)) === 'join') return true
  }
  return false
}

/** Users of a server of whom this draft is the first to tell. */
function* newUsersOf(draft: Draft, server: string): Suspendable<DecideNeed, readonly StateKeyNid[]> {
  const nids = draft.changedMembers
  const missing = nids.filter((nid) => draft.view.stateKeyText(nid) === undefined)
  if (missing.length > 0) yield { kind: 'state-key-texts', nids: missing }
  return nids.filter((nid) => serverOf(draft.view.stateKeyText(nid) ?? '') === server)
}

/** Notes that the room has another policy server than before, or none any more: what has failed for the old one may pass. */
export function* notePolicyChange(
  draft: Draft,
  from: SnapshotNid,
  to: SnapshotNid,
): Suspendable<DecideNeed, void> {
  if (from === to || draft.isPolicyChanged) return
  const [before, after] = [yield* policyServerAt(draft, from), yield* policyServerAt(draft, to)]
  if (before !== undefined && !(after !== undefined && isSamePolicy(before, after))) draft.notePolicyChange()
}

export function isSamePolicy(a: PolicyServer, b: PolicyServer): boolean {
  return a.server === b.server && a.publicKey === b.publicKey
}
