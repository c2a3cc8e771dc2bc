import { isJsonObject, type JsonObject, type JsonValue, type UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

const STATE_DEFAULT = 50
/** Where a room is closed to those who have no level above it. */
const CLOSED = 50

/**
 * Power levels as the new room takes them: without those who stand above all levels there, and with integers only where
 * its version wants that.
 */
export function forNewRoom(
  levels: JsonObject,
  creators: ReadonlySet<UserId>,
  { auth }: RoomVersionRules,
): JsonObject {
  const read = auth.integerPowerLevels ? withIntegers(levels) : levels
  if (creators.size === 0) return read
  const users = entries(read['users']).filter(([user]) => !creators.has(user))
  return { ...read, users: Object.fromEntries(users) }
}

function withIntegers(levels: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(levels).map(([name, value]) => [
      name,
      isJsonObject(value)
        ? Object.fromEntries(entries(value).map(([key, level]) => [key, asInteger(level)]))
        : asInteger(value),
    ]),
  )
}

function asInteger(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return value
  const level = Math.trunc(Number(value))
  return Number.isSafeInteger(level) ? level : value
}

/**
 * The same levels with the user's own raised until he may send every type of state event; the very same object if he
 * may already.
 */
export function raised(levels: JsonObject, userId: UserId, { auth }: RoomVersionRules): JsonObject {
  // He founds the new room: there he stands above all levels.
  if (auth.creatorsOutrankAll) return levels
  const users = Object.fromEntries(entries(levels['users']))
  const own = numberOf(users[userId] ?? levels['users_default'], 0)
  const needed = Math.max(
    numberOf(levels['state_default'], STATE_DEFAULT),
    numberOf(levels['ban'], STATE_DEFAULT),
    numberOf(levels['invite'], 0),
    ...entries(levels['events']).map(([, level]) => numberOf(level, 0)),
  )
  return own >= needed ? levels : { ...levels, users: { ...users, [userId]: needed } }
}

/**
 * Levels that keep ordinary users of the old room from sending and inviting.
 *
 * @see https://spec.matrix.org/v1.16/client-server-api/#server-behaviour-16
 */
export function restricted(levels: JsonObject): JsonObject {
  const level = Math.max(CLOSED, numberOf(levels['users_default'], 0) + 1)
  return { ...levels, events_default: level, invite: level }
}

function entries(value: JsonValue | undefined): readonly [string, JsonValue | undefined][] {
  return isJsonObject(value) ? Object.entries(value) : []
}

function numberOf(value: JsonValue | undefined, otherwise: number): number {
  const level = typeof value === 'string' ? Number(value) : value
  return typeof level === 'number' && Number.isFinite(level) ? level : otherwise
}
