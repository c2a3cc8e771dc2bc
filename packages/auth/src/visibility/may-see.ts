import { checkPdu, type Pdu } from '@roomserver/events'
import { invalidArgument, serverOf, type UserId } from '@roomserver/types'
import { isOfRoom } from '../of-room.ts'
import { type AuthState, checkState, entryOf } from '../state.ts'
import { visibilitiesAround } from './history-visibility.ts'
import { judgeVisibility, notInThisState, type VisibilityVerdict } from './verdict.ts'

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
  /** The member events in that state; those of other servers' users, and of other rooms, are passed over. */
  readonly members: Iterable<Pdu>
  /** A user of the server joined at some time after the event. */
  readonly joinedLater: boolean
}

/**
 * Says whether a user may see an event. The state after the event counts as well where the event itself is the change:
 * of the history visibility, or of this user's membership. By the state of another room nobody may see it.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when an argument is something else
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
export function mayUserSee(event: Pdu, view: UserView): VisibilityVerdict {
  const { before, joinedLater, user } = checkedView(event, view)
  if (typeof user !== 'string') throw invalidArgument('user', 'a user ID such as @alice:example.org')
  const was = entryOf(before, 'm.room.member', user)
  const foreign = foreignEntry(event, was, entryOf(before, 'm.room.history_visibility', ''))
  if (foreign !== undefined) return notInThisState(event, foreign)
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
 * Says whether a server may have an event: it may when one of its users may see it. By the state of another room none may.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when an argument is something else
 * @see https://spec.matrix.org/v1.19/server-server-api/#backfilling-and-retrieving-missing-events
 */
export function mayServerSee(event: Pdu, view: ServerView): VisibilityVerdict {
  const { before, joinedLater, members, server } = checkedView(event, view)
  if (typeof server !== 'string') throw invalidArgument('server', 'a server name such as example.org')
  if (typeof members?.[Symbol.iterator] !== 'function') throw invalidArgument('members', 'a list of Pdus')
  const foreign = foreignEntry(event, entryOf(before, 'm.room.history_visibility', ''))
  if (foreign !== undefined) return notInThisState(event, foreign)
  const memberships = new Set<string>()
  for (const member of isMemberEvent(event) ? [...members, event] : members) {
    checkPdu('members', member)
    const membership = membershipIn(member)
    if (membership !== undefined && isOfServer(member, server) && isOfRoom(member, event))
      memberships.add(membership)
  }
  return judgeVisibility(server, {
    visibilities: visibilitiesAround(event, before),
    memberships: [...memberships],
    joinedLater,
  })
}

/** @throws {RoomserverError} INVALID_ARGUMENT */
function checkedView<View extends UserView | ServerView>(event: Pdu, view: View): View {
  checkPdu('event', event)
  checkState('before', view?.before)
  return view
}

/** The first of some entries of a state that is of another room than an event. */
function foreignEntry(event: Pdu, ...entries: readonly (Pdu | undefined)[]): Pdu | undefined {
  return entries.find((entry) => entry !== undefined && !isOfRoom(entry, event))
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
