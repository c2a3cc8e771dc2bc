import { checkPdu, type Pdu } from '@roomserver/events'
import { serverOf, type UserId } from '@roomserver/types'
import { type AuthState, checkState, entryOf } from '../state.ts'
import { visibilitiesAround } from './history-visibility.ts'
import { judgeVisibility, type VisibilityVerdict } from './verdict.ts'

/** A user who wants to see an event. */
export interface UserView {
  readonly user: UserId
  /** The state before the event; read for the history visibility and the user's membership. */
  readonly before: AuthState
  /** The user joined at some time after the event (and may have left again). */
  readonly joinedLater: boolean
}

/** A server that wants to have an event. */
export interface ServerView {
  readonly server: string
  /** The state before the event; read for the history visibility. */
  readonly before: AuthState
  /** The member events in that state; those of other servers' users are passed over. */
  readonly members: Iterable<Pdu>
  /** A user of the server joined at some time after the event. */
  readonly joinedLater: boolean
}

/**
 * Says whether a user may see an event. The state after the event counts as well where the event itself is the change:
 * of the history visibility, or of this user's membership.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
 * @example
 * ```ts
 * import { authStateOf, mayUserSee } from '@roomserver/auth'
 * import type { Pdu } from '@roomserver/events'
 *
 * declare const event: Pdu
 * declare const state: readonly Pdu[] // the state before the event
 * const view = { user: '@eve:evil.org', before: authStateOf(state), joinedLater: false }
 * console.log(mayUserSee(event, view))
 * ```
 */
export function mayUserSee(event: Pdu, { before, joinedLater, user }: UserView): VisibilityVerdict {
  checkPdu('event', event)
  checkState('before', before)
  const was = entryOf(before, 'm.room.member', user)
  const memberships = [was, isMemberEvent(event) && event.stateKey === user ? event : undefined].map(
    membershipIn,
  )
  return judgeVisibility(user, {
    visibilities: visibilitiesAround(event, before),
    memberships: memberships.filter((membership) => membership !== undefined),
    joinedLater,
  })
}

/**
 * Says whether a server may have an event: it may when one of its users may see it.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#backfilling-and-retrieving-missing-events
 */
export function mayServerSee(
  event: Pdu,
  { before, joinedLater, members, server }: ServerView,
): VisibilityVerdict {
  checkPdu('event', event)
  checkState('before', before)
  const memberships = new Set<string>()
  for (const member of isMemberEvent(event) ? [...members, event] : members) {
    const membership = membershipIn(member)
    if (membership !== undefined && isOfServer(member, server)) memberships.add(membership)
  }
  return judgeVisibility(server, {
    visibilities: visibilitiesAround(event, before),
    memberships: [...memberships],
    joinedLater,
  })
}

function isMemberEvent(event: Pdu): boolean {
  return event.type === 'm.room.member' && event.stateKey !== undefined
}

function isOfServer({ stateKey }: Pdu, server: string): boolean {
  return stateKey !== undefined && serverOf(stateKey) === server
}

function membershipIn(event: Pdu | undefined): string | undefined {
  const membership = event?.content['membership']
  return typeof membership === 'string' ? membership : undefined
}
