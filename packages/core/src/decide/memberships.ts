import type { StateChange } from '@roomserver/state'
import {
  type Suspendable,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  type InviteRecord,
  type JsonObject,
  type Membership,
  type MembershipRecord,
  NO_NID,
  serverOf,
} from '@roomserver/types'
import { damaged } from '../view/damaged.ts'
import { eventOf, eventsOf } from '../view/reads.ts'
import { stateForTuples } from '../view/state-at.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { internStateKey } from './allocate-nids.ts'
import type { InviteFate } from './room-reads.ts'
import { hasNotDeparted } from './has-not-departed.ts'

const MEMBER = EVENT_TYPE_NIDS.get('m.room.member')
/** How many members' events are held at a time; between them others get a turn. */
const MEMBERS_AT_ONCE = 64
const MEMBERSHIPS: readonly unknown[] = ['join', 'invite', 'knock', 'leave', 'ban'] satisfies Membership[]

/**
 * Takes changes of the current state over into the table of memberships, and tells of invites that begin and end by
 * them, before the event itself is announced.
 */
export function* updateMemberships(
  draft: Draft,
  cause: EventRecord,
  changes: readonly StateChange[],
): Suspendable<DecideNeed, void> {
  const ofMembers = changes.filter((change) => change.type === MEMBER)
  if (ofMembers.length === 0) return
  const users = yield* textsOf(draft, ofMembers)
  yield* readInvites(draft, users)
  for (let at = 0; at < ofMembers.length; at += MEMBERS_AT_ONCE) {
    const { held } = draft.view
    const some = ofMembers.slice(at, at + MEMBERS_AT_ONCE)
    yield* eventsOf(
      draft.view,
      some.map((change) => change.to).filter((nid) => nid !== NO_NID && !draft.view.memberships.has(nid)),
    )
    for (const [index, change] of some.entries()) {
      yield* updateMembership(draft, cause, change, users[at + index] ?? '')
    }
    draft.view.forget(held)
    yield undefined
  }
}

function* textsOf(draft: Draft, changes: readonly StateChange[]): Suspendable<DecideNeed, readonly string[]> {
  const nids = changes.map((change) => change.stateKey)
  const missing = nids.filter((nid) => draft.view.stateKeyText(nid) === undefined)
  if (missing.length > 0) yield { kind: 'state-key-texts', nids: missing }
  return nids.map((nid) => draft.view.stateKeyText(nid) ?? damaged('a referenced state key is not stored'))
}

function* readInvites(draft: Draft, users: readonly string[]): Suspendable<DecideNeed, void> {
  const missing = users.filter((user) => draft.reads.pendingInvites(user) === undefined)
  if (missing.length > 0) yield { kind: 'pending-invites', users: missing }
}

/** The invites of a user that were neither accepted nor rejected so far. */
export function* pendingInvites(
  draft: Draft,
  user: string,
): Suspendable<DecideNeed, readonly InviteRecord[]> {
  yield* readInvites(draft, [user])
  return draft.reads.pendingInvites(user) ?? []
}

function* updateMembership(
  draft: Draft,
  cause: EventRecord,
  change: StateChange,
  user: string,
): Suspendable<DecideNeed, void> {
  const membership = yield* membershipOf(draft, change.to)
  const local = isLocal(draft, user)
  if (local && membership === 'join') draft.reads.setResident()
  draft.setMembership({
    roomNid: draft.read.nid,
    user: change.stateKey,
    membership,
    event: change.to,
    local,
    forgotten: false,
  })
  const isInvite = membership === 'invite'
  if (!isInvite && (yield* pendingInvites(draft, user)).length === 0) return
  const event = change.to === NO_NID ? undefined : yield* eventOf(draft.view, change.to)
  if (isInvite && event !== undefined) yield* beginInvite(draft, event, user)
  else yield* endInvites(draft, user, membership, event ?? cause)
}

/** The membership that an event of a state gives its user; `leave` where there is none. */
export function* membershipOf(draft: Draft, nid: EventNid): Suspendable<DecideNeed, Membership> {
  if (nid === NO_NID) return 'leave'
  const noted = draft.view.memberships.get(nid)
  if (noted !== undefined) return noted
  return membershipIn(draft, yield* eventOf(draft.view, nid))
}

/**
 * Notes what a member event says, when a large state is gone over: it may be let go then, and is not read again to know
 * what became of its user.
 */
export function noteMembership(draft: Draft, event: EventRecord): void {
  if (event.typeNid === MEMBER) draft.view.memberships.set(event.nid, membershipIn(draft, event))
}

/**
 * Notes what a user of ours is in a room by no event of its state: invited from outside, or out by giving an invite up or
 * by its withdrawal. A membership that the state gives later takes its place, and one that it gives already stands: what
 * another server says beside the room lifts no ban, and ends no knock.
 */
export function* noteOutside(
  draft: Draft,
  user: string,
  membership: Membership,
  { forgotten = false } = {},
): Suspendable<DecideNeed, void> {
  const record = { roomNid: draft.read.nid, user: yield* internStateKey(draft, user), local: true }
  const settled = yield* settledByState(draft, user, membership)
  if (settled === undefined) draft.setMembership({ ...record, membership, event: NO_NID, forgotten })
  // Where the invite had taken its place, while none of our users was in the room, it is back now.
  else if (membership === 'leave') {
    draft.setMembership({ ...record, ...settled, forgotten: forgotten && settled.membership !== 'knock' })
  }
}

/**
 * What a user is if the state of the room decides that. Of a room that our users have all left it may be out of date, but
 * for a ban. An invite in the state can be given up all the same.
 */
function* settledByState(
  draft: Draft,
  user: string,
  membership: Membership,
): Suspendable<DecideNeed, Pick<MembershipRecord, 'membership' | 'event'> | undefined> {
  const wanted = [{ type: 'm.room.member', stateKey: user }]
  const [event = NO_NID] = yield* stateForTuples(draft.view, draft.room.current, wanted)
  if (event === NO_NID) return undefined
  const known = yield* membershipOf(draft, event)
  const isGivenUp = known === 'invite' && membership === 'leave'
  const decides = known === 'ban' || (!isGivenUp && (yield* hasNotDeparted(draft)))
  return decides ? { membership: known, event } : undefined
}

/** Whether a user is one of this server's. */
export function isLocal(draft: Draft, user: string): boolean {
  return serverOf(user) === draft.context.serverName
}

function membershipIn(draft: Draft, event: EventRecord): Membership {
  const value = draft.view.pduOf(event, draft.rules).content['membership']
  return MEMBERSHIPS.includes(value) ? (value as Membership) : 'leave'
}

/**
 * Notes and announces an invite, once: one that a user of ours gave up is not put before them again because others, who
 * were not reached then, still have it in the room's state.
 *
 * @param shown - the event as it is to be announced, where that is not how it stays: one from outside the room may come
 *   as an event of the room before it is delivered, and then without what the user is shown of the room
 */
export function* beginInvite(
  draft: Draft,
  event: EventRecord,
  user: string,
  shown?: JsonObject,
): Suspendable<DecideNeed, void> {
  const pending = yield* pendingInvites(draft, user)
  if (pending.some((invite) => invite.event === event.nid)) return
  if (isLocal(draft, user) && (yield* fateOf(draft, event.nid)) === 'given-up') return
  const { sender } = draft.view.pduOf(event, draft.rules)
  const invite: InviteRecord = {
    roomNid: draft.read.nid,
    event: event.nid,
    target: yield* internStateKey(draft, user),
    sender: yield* internStateKey(draft, sender),
  }
  draft.setInvite(invite)
  draft.reads.setPendingInvites(user, [...pending, invite])
  const said = { room_version: draft.room.version }
  if (shown === undefined) draft.addOutput('new_invite_event', event.nid, said)
  else draft.addOutput('new_invite_event', NO_NID, { event: shown, ...said })
}

/** What became of an invite. */
export function* fateOf({ reads }: Draft, invite: EventNid): Suspendable<DecideNeed, InviteFate> {
  if (reads.fateOf(invite) === undefined) yield { kind: 'invite', event: invite }
  return reads.fateOf(invite) ?? 'unknown'
}

/**
 * Ends a user's pending invites.
 *
 * @param by - the event that ended them; none when they were given up otherwise
 */
export function* endInvites(
  draft: Draft,
  user: string,
  membership: Membership,
  by: EventRecord | undefined,
): Suspendable<DecideNeed, void> {
  for (const invite of yield* pendingInvites(draft, user)) {
    const { eventId } = yield* eventOf(draft.view, invite.event)
    draft.setInvite({ ...invite, retiredBy: by?.nid ?? NO_NID })
    draft.reads.setFate(invite.event, by === undefined ? 'given-up' : 'retired')
    draft.addOutput('retire_invite_event', NO_NID, {
      EventID: eventId,
      TargetUserID: user,
      RetiredByEventID: by?.eventId ?? '',
      Membership: membership,
    })
  }
  draft.reads.setPendingInvites(user, [])
}
