import { invalidArgument, isJsonObject, type UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import {
  type CreateEvent,
  creatorsOf,
  DEFAULT_LEVELS,
  entryIn,
  type LevelName,
  levelNamed,
  levelOf,
  levelToSendType,
  type PowerLevelSources,
} from './levels.ts'
import { NOBODY_LEVEL, powerLevelOf } from './power-level-of.ts'

/** What takes a level that has a name of its own, and what is done to others by those who have more than they. */
export type PowerAction = 'invite' | 'redact' | 'kick' | 'ban' | 'unban'

/** Who has a level for something. */
export interface Holders {
  /** Creators, and those who have a level of their own that is enough. */
  readonly users: readonly UserId[]
  /** Whether the level of everybody else is enough as well. */
  readonly everybody: boolean
}

/**
 * Who may do what in a room, by the levels in its state. Levels are finite numbers that can be compared and stored as JSON.
 * Levels alone decide here; `checkAuth` and `permissionsOf` look at memberships as well.
 */
export interface Powers {
  /** Those who stand above all levels; none before room version 12. */
  readonly creators: readonly UserId[]
  /** The users who have a level of their own in the power levels. */
  readonly users: ReadonlyMap<UserId, number>
  /** Whether a user stands above all levels. */
  readonly isCreator: (user: UserId) => boolean
  /** The level of a user; `CREATOR_LEVEL` for those who stand above all levels. */
  readonly levelOf: (user: UserId) => number
  /** The level that an action takes, or a default; `NOBODY_LEVEL` for one that cannot be read. */
  readonly levelTo: (action: LevelName) => number
  /** The level that sending an event of a type takes. */
  readonly levelToSend: (type: string, kind: 'state' | 'message') => number
  /**
   * Whether a user has the level for an action: for inviting, for redacting what others sent, or for kicking, banning or
   * unbanning this target.
   */
  readonly can: (user: UserId, action: PowerAction, target?: UserId) => boolean
  /** Whether a user has the level to send events of a type. */
  readonly canSend: (user: UserId, type: string, kind: 'state' | 'message') => boolean
  /** Whether a user may give another one, or themselves, this level. */
  readonly canGrant: (user: UserId, target: UserId, level: number) => boolean
  /** The highest level that a user may give to somebody; `undefined`: they may not change levels. */
  readonly highestGrant: (user: UserId) => number | undefined
  /** Who has the level for an action, whoever it is done to. */
  readonly whoCan: (action: PowerAction) => Holders
  /** Who has the level to send events of a type. */
  readonly whoCanSend: (type: string, kind: 'state' | 'message') => Holders
}

/** The levels that an action takes. */
const NEEDED: Readonly<Record<PowerAction, readonly LevelName[]>> = {
  invite: ['invite'],
  redact: ['redact'],
  kick: ['kick'],
  ban: ['ban'],
  unban: ['ban', 'kick'],
}
const AGAINST: readonly PowerAction[] = ['kick', 'ban', 'unban']

/** {@link Powers} by what decides them. */
export function powersFrom(sources: PowerLevelSources & { readonly create: CreateEvent }): Powers {
  const { create, powerLevels, rules } = sources
  const outranking = rules.auth.creatorsOutrankAll ? creatorsOf(create) : new Set<UserId>()
  const exact = (user: UserId) => levelOf(sources, checked('user', user))
  const toSend = (type: string, kind: 'state' | 'message') => {
    if (typeof type !== 'string') throw invalidArgument('type', 'an event type')
    if (kind !== 'state' && kind !== 'message') throw invalidArgument('kind', 'state or message')
    return levelToSendType(sources, type, kind)
  }
  const levelsFor = (action: PowerAction) => {
    const names = Object.hasOwn(NEEDED, action) ? NEEDED[action] : undefined
    if (names === undefined) throw invalidArgument('action', Object.keys(NEEDED).join(', '))
    return names.map((name) => levelNamed(sources, name))
  }
  const holders = (needed: readonly number[]): Holders => {
    const has = (level: number) => needed.every((each) => level >= each)
    const listed = [...outranking, ...usersIn(powerLevels), ...founder(sources)]
    const users = [...new Set(listed)].filter((user) => has(levelOf(sources, user)))
    return { users, everybody: has(levelNamed(sources, 'users_default')) }
  }
  const mayChange = (user: UserId) => exact(user) >= toSend('m.room.power_levels', 'state')
  return {
    creators: [...outranking],
    users: new Map(usersIn(powerLevels).map((user) => [user, powerLevelOf(user, sources)])),
    isCreator: (user) => outranking.has(checked('user', user)),
    levelOf: (user) => powerLevelOf(checked('user', user), sources),
    levelTo: (action) => {
      if (!Object.hasOwn(DEFAULT_LEVELS, action))
        throw invalidArgument('action', `one of ${Object.keys(DEFAULT_LEVELS).join(', ')}`)
      return finite(levelNamed(sources, action))
    },
    levelToSend: (type, kind) => finite(toSend(type, kind)),
    can: (user, action, target) => {
      const level = exact(user)
      const above = AGAINST.includes(action) ? levelOf(sources, checked('target', target)) : undefined
      return levelsFor(action).every((needed) => level >= needed) && (above === undefined || level > above)
    },
    canSend: (user, type, kind) => exact(user) >= toSend(type, kind),
    canGrant: (user, target, level) => {
      if (!Number.isSafeInteger(level)) throw invalidArgument('level', 'an integer')
      if (outranking.has(checked('target', target)) || !mayChange(user) || !(exact(user) >= level))
        return false
      return user === target || exact(user) > ownLevel(sources, target)
    },
    highestGrant: (user) =>
      mayChange(user) ? Math.min(powerLevelOf(user, sources), Number.MAX_SAFE_INTEGER) : undefined,
    whoCan: (action) => holders(levelsFor(action)),
    whoCanSend: (type, kind) => holders([toSend(type, kind)]),
  }
}

/** The level that stands beside a user's name; nobody is kept from giving one to who has none. */
function ownLevel(sources: PowerLevelSources, user: UserId): number {
  const { powerLevels } = sources
  const isListed = powerLevels !== undefined && entryIn(powerLevels.content, 'users', user) !== undefined
  return isListed ? levelOf(sources, user) : Number.NEGATIVE_INFINITY
}

function usersIn(powerLevels: PowerLevelSources['powerLevels']): readonly UserId[] {
  const users = powerLevels?.content['users']
  return isJsonObject(users) ? Object.keys(users) : []
}

/** The creator of a room without power levels, who has 100. */
function founder({ create, powerLevels, rules }: PowerLevelSources): readonly UserId[] {
  if (create === undefined || powerLevels !== undefined) return []
  const creator = rules.auth.creator === 'sender' ? create.sender : create.content['creator']
  return typeof creator === 'string' ? [creator] : []
}

function checked(argument: string, user: unknown): UserId {
  if (typeof user === 'string' && user.startsWith('@')) return user
  throw invalidArgument(argument, 'a user ID such as @alice:example.org')
}

function finite(level: number): number {
  return Number.isNaN(level) ? NOBODY_LEVEL : level
}

/** Checks that rules are those of the room. @throws {RoomserverError} INVALID_ARGUMENT */
export function checkSameVersion(
  argument: string,
  rules: RoomVersionRules,
  ofRoom: string | undefined,
): void {
  if (ofRoom === undefined || ofRoom === rules.version) return
  throw invalidArgument(
    argument,
    `version ${ofRoom}, which the create event gives the room, not ${rules.version}`,
  )
}
