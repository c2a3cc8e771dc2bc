import type { Pdu } from '@roomserver/events'
import type { EventId, JsonObject, RoomId, UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { forNewRoom, raised } from './levels.ts'

/** A state event to be made in the new room. */
export interface Carried {
  readonly type: string
  readonly stateKey: string
  readonly content: JsonObject
  /** Without it there is no room; others are left out if the new room refuses them. */
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
  readonly state: readonly Pdu[]
  /** Of the user who upgrades. */
  readonly own: Pdu | undefined
  /** Bans and invites. */
  readonly memberships: readonly Pdu[]
}

/** Made anew, or meaningless in another room. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'm.room.create',
  'm.room.power_levels',
  'm.room.join_rules',
  'm.room.tombstone',
  'm.room.member',
])

/**
 * The state events of the new room, in the order in which they have to come: what founds a room, then what the old one
 * had. Where the user's level is too low for some of it, it is raised until all is said.
 */
export function carriedOver(old: OldState, founding: Founding): readonly Carried[] {
  const { rules, userId } = founding
  const contentOf = (type: string): JsonObject => find(old.state, type)?.content ?? {}
  const levels = forNewRoom(
    contentOf('m.room.power_levels'),
    creatorsOf(founding, contentOf('m.room.create')),
    rules,
  )
  const temporary = raised(levels, userId, rules)
  return [
    essential('m.room.create', '', createContent(contentOf('m.room.create'), founding)),
    essential('m.room.member', userId, { ...old.own?.content, membership: 'join' }),
    essential('m.room.power_levels', '', temporary),
    essential('m.room.join_rules', '', { join_rule: 'invite', ...contentOf('m.room.join_rules') }),
    ...guestAccess(old.state),
    ...old.state.filter(({ type }) => !NOT_COPIED.has(type)).map(copy),
    ...old.memberships.map(copy),
    ...(temporary === levels ? [] : [essential('m.room.power_levels', '', levels)]),
  ]
}

/** The types that the old room must have, or it is no room that can be replaced. */
export function missingEssential({ state, own }: OldState, userId: UserId): string | undefined {
  const missing = ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].find(
    (type) => find(state, type) === undefined,
  )
  if (missing !== undefined) return `Essential event of type "${missing}" state key "" is missing`
  return own === undefined
    ? `Essential event of type "m.room.member" state key "${userId}" is missing`
    : undefined
}

function find(state: readonly Pdu[], type: string): Pdu | undefined {
  return state.find((event) => event.type === type && event.stateKey === '')
}

function essential(type: string, stateKey: string, content: JsonObject): Carried {
  return { type, stateKey, content, isEssential: true }
}

function copy({ type, stateKey = '', content }: Pdu): Carried {
  return { type, stateKey, content, isEssential: false }
}

function createContent(old: JsonObject, { userId, rules, oldRoom, tombstone }: Founding): JsonObject {
  const { creator: _creator, ...kept } = old
  return {
    ...kept,
    ...(rules.auth.creator === 'content' && { creator: userId }),
    room_version: rules.version,
    predecessor: { room_id: oldRoom, ...(tombstone !== undefined && { event_id: tombstone }) },
  }
}

/** Who stands above all levels in the new room, and so must not have one. */
function creatorsOf({ userId, rules }: Founding, create: JsonObject): ReadonlySet<UserId> {
  if (!rules.auth.creatorsOutrankAll) return new Set()
  const more = create['additional_creators']
  return new Set([userId, ...(Array.isArray(more) ? more.filter((user) => typeof user === 'string') : [])])
}

/** Every new room says what guests may do. */
function guestAccess(state: readonly Pdu[]): readonly Carried[] {
  if (find(state, 'm.room.guest_access') !== undefined) return []
  return [
    { type: 'm.room.guest_access', stateKey: '', content: { guest_access: 'forbidden' }, isEssential: false },
  ]
}
