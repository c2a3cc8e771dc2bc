import { authStateOf, LEVEL_NAMES, powersIn, readLevel } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { isJsonObject, isUserId, type JsonObject, type JsonValue, type UserId } from '@roomserver/types'
import type { AuthRules, RoomVersionRules } from '@roomserver/version'

const STATE_DEFAULT = 50
/** The level of a creator, in rooms where that is a number. */
const CREATOR = 100
/** Where a room is closed to those who have no level above it. */
const CLOSED = 50
const NAMED: readonly string[] = LEVEL_NAMES
const MAPS: readonly string[] = ['users', 'events', 'notifications']

/** What decides about levels in the old room. */
export interface OldLevels {
  readonly create: Pdu
  readonly powerLevels: Pdu | undefined
}

/**
 * Power levels for the new room: those of the old one, as integers. Creators of the old room who stood above all levels
 * and are none in the new one get the highest level there is, so that somebody rules the new room; the user who creates
 * the new room is left out where creators must not have a level.
 */
export function forNewRoom(old: OldLevels, userId: UserId, { auth }: RoomVersionRules): JsonObject {
  const levels = readableLevels(old.powerLevels?.content ?? {}, old.create.rules.auth)
  const users: Record<string, JsonValue> = { ...levelsIn(levels, 'users') }
  const highest = Math.max(CREATOR, ...allLevels(levels))
  for (const creator of creatorsOf(old)) users[creator] = highest
  if (auth.creatorsOutrankAll) delete users[userId]
  return { ...levels, users }
}

/** Levels that say what holds in a room without power levels. */
export function withoutPowerLevels(create: Pdu): JsonObject {
  if (create.rules.auth.creatorsOutrankAll) return {}
  const creators = creatorsOf({ create, powerLevels: undefined })
  return { users: Object.fromEntries(creators.map((creator) => [creator, CREATOR])) }
}

/** Those whose power in the old room does not stand in its power levels. */
function creatorsOf({ create, powerLevels }: OldLevels): readonly UserId[] {
  const { content, rules, sender } = create
  const { creator, additional_creators: more } = content
  const powers = powersIn(authStateOf(powerLevels === undefined ? [create] : [create, powerLevels]), rules)
  const users = [sender, creator, ...(Array.isArray(more) ? more : [])].filter(
    (user) => typeof user === 'string' && isUserId(user),
  )
  const isCreator = (user: UserId) =>
    powers.isCreator(user) || (powerLevels === undefined && powers.levelOf(user) === CREATOR)
  return users.filter(isCreator)
}

/** Levels as integers, without those that cannot be read; what else the content holds stays. */
function readableLevels(content: JsonObject, auth: AuthRules): JsonObject {
  const entries = Object.entries(content).map(([name, value]) => [name, readable(name, value, auth)] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

function readable(name: string, value: JsonValue | undefined, auth: AuthRules): JsonValue | undefined {
  if (NAMED.includes(name)) return levelOf(value, auth)
  if (!MAPS.includes(name)) return value
  if (!isJsonObject(value)) return undefined
  const levels = Object.entries(value).map(([key, level]) => [key, levelOf(level, auth)] as const)
  return Object.fromEntries(levels.filter(([, level]) => level !== undefined))
}

function levelOf(value: JsonValue | undefined, auth: AuthRules): number | undefined {
  const level = readLevel(value, auth)
  return Number.isNaN(level) ? undefined : level
}

function levelsIn(levels: JsonObject, map: string): Readonly<Record<string, number>> {
  const value = levels[map]
  const entries = isJsonObject(value) ? Object.entries(value) : []
  return Object.fromEntries(entries.filter((entry) => typeof entry[1] === 'number') as [string, number][])
}

function allLevels(levels: JsonObject): readonly number[] {
  const named = NAMED.map((name) => levels[name]).filter((level) => typeof level === 'number')
  return [...named, ...MAPS.flatMap((map) => Object.values(levelsIn(levels, map)))]
}

/**
 * The same levels with the user's own raised until they may send every type of state event and ban everybody who is
 * banned; the very same object if they may already.
 *
 * @param banned - who is to be banned: takes a level above theirs
 */
export function raised(
  levels: JsonObject,
  userId: UserId,
  banned: readonly UserId[],
  { auth }: RoomVersionRules,
): JsonObject {
  // The user creates the new room, and stands above all levels there.
  if (auth.creatorsOutrankAll) return levels
  const users = levelsIn(levels, 'users')
  const usersDefault = numberOf(levels['users_default'], 0)
  const own = users[userId] ?? usersDefault
  const needed = Math.max(
    numberOf(levels['state_default'], STATE_DEFAULT),
    numberOf(levels['ban'], STATE_DEFAULT),
    numberOf(levels['invite'], 0),
    ...Object.values(levelsIn(levels, 'events')),
    ...banned.map((user) => (users[user] ?? usersDefault) + 1),
  )
  if (own >= needed) return levels
  return { ...levels, users: { ...users, [userId]: Math.min(needed, Number.MAX_SAFE_INTEGER) } }
}

/**
 * Levels that keep ordinary users of the old room from sending and inviting.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
 */
export function restricted(levels: JsonObject): JsonObject {
  const level = Math.max(CLOSED, numberOf(levels['users_default'], 0) + 1)
  return { ...levels, events_default: level, invite: level }
}

function numberOf(value: JsonValue | undefined, otherwise: number): number {
  const level = typeof value === 'string' ? Number(value) : value
  return typeof level === 'number' && Number.isFinite(level) ? level : otherwise
}
