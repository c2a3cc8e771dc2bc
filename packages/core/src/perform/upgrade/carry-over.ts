import type { Pdu } from '@roomserver/events'
import type { EventId, JsonObject, RoomId, UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { joinRulesFor } from './join-rules.ts'
import { forNewRoom, raised } from './levels.ts'
import { isTransferable } from './transferable.ts'

/** A state event to be made in the new room. */
export interface Carried {
  readonly type: string
  readonly stateKey: string
  readonly content: JsonObject
  /** Without it there is no room; others are omitted if the new room does not allow them. */
  readonly isEssential: boolean
}

/** What the new room is made by. */
export interface Founding {
  readonly userId: UserId
  readonly rules: RoomVersionRules
  readonly oldRoom: RoomId
  /** The event that closes the old room; not known yet where the new room comes first. */
  readonly tombstone: EventId | undefined
}

/** What the old room has: state events other than memberships, and the memberships that are worth carrying over. */
export interface OldState {
  readonly create: Pdu
  /** Of the user who upgrades. */
  readonly own: Pdu
  readonly state: readonly Pdu[]
  /** Bans and invites. */
  readonly memberships: readonly Pdu[]
}

/**
 * The state events of the new room, in the order in which they have to come: what founds a room, then what the old one
 * had. Where the user's level is too low for some of it, it is raised until all is said.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
 */
export function carriedOver(old: OldState, founding: Founding): readonly Carried[] {
  const { rules, userId } = founding
  const { create, state, memberships } = old
  const levels = forNewRoom({ create, powerLevels: find(state, 'm.room.power_levels') }, userId, rules)
  const temporary = raised(levels, userId, bannedIn(memberships), rules)
  const joinRules = find(state, 'm.room.join_rules')?.content ?? {}
  return [
    essential('m.room.create', '', createContent(create.content, founding)),
    essential('m.room.member', userId, ownMembership(old.own.content)),
    essential('m.room.power_levels', '', temporary),
    essential('m.room.join_rules', '', joinRulesFor(joinRules, rules.auth)),
    ...guestAccess(state),
    ...state.filter(isTransferable).map(copy),
    ...memberships.map(copy),
    ...(temporary === levels ? [] : [essential('m.room.power_levels', '', levels)]),
  ]
}

function find(state: readonly Pdu[], type: string): Pdu | undefined {
  return state.find((event) => event.type === type && event.stateKey === '')
}

function bannedIn(memberships: readonly Pdu[]): readonly UserId[] {
  const bans = memberships.filter(({ content }) => content['membership'] === 'ban')
  return bans.flatMap(({ stateKey }) => stateKey ?? [])
}

function essential(type: string, stateKey: string, content: JsonObject): Carried {
  return { type, stateKey, content, isEssential: true }
}

function copy({ type, stateKey = '', content }: Pdu): Carried {
  return { type, stateKey, content, isEssential: false }
}

/** The room's type, and whether it is open to other servers, stay. Who created the old room did not create this one. */
function createContent(old: JsonObject, { userId, rules, oldRoom, tombstone }: Founding): JsonObject {
  const { type, 'm.federate': federate } = old
  return {
    ...(type !== undefined && { type }),
    ...(federate !== undefined && { 'm.federate': federate }),
    ...(rules.auth.creator === 'content' && { creator: userId }),
    room_version: rules.version,
    predecessor: { room_id: oldRoom, ...(tombstone !== undefined && { event_id: tombstone }) },
  }
}

/** The profile stays; who let the user into the old room has no say in the new one. */
function ownMembership(content: JsonObject): JsonObject {
  const {
    join_authorised_via_users_server: _authorisingUser,
    third_party_invite: _invite,
    ...profile
  } = content
  return { ...profile, membership: 'join' }
}

/** Every new room says what guests may do. */
function guestAccess(state: readonly Pdu[]): readonly Carried[] {
  if (find(state, 'm.room.guest_access') !== undefined) return []
  return [
    { type: 'm.room.guest_access', stateKey: '', content: { guest_access: 'forbidden' }, isEssential: false },
  ]
}
