import { isJsonObject, isUserId, type JsonObject, type JsonValue } from '@roomserver/types'
import type { AuthRules } from '@roomserver/version'
import { LEVEL_NAMES, readLevel } from '../levels.ts'
import type { RuleKey } from '../rules/table.ts'

/** What is wrong with the form of power levels, and the step that forbids it. */
export interface MalformedLevels {
  readonly key: RuleKey
  readonly sentence: () => string
}

/** The maps of levels that the version looks at, beside `users`. */
export function guardedMaps(rules: AuthRules): readonly ('events' | 'notifications')[] {
  return rules.notificationLevelsGuarded ? ['events', 'notifications'] : ['events']
}

/**
 * Looks over the form of `m.room.power_levels`; `undefined`: well-formed. Lenient versions ask for `users` only by their
 * text, so a room's first power levels may hold anything elsewhere but a number that no 64-bit float holds. Later ones
 * are compared with those before them, which takes levels that can be read; the step is then the whole section.
 *
 * @param areFirst - the room has none before these
 */
export function malformedLevels(
  content: JsonObject,
  rules: AuthRules,
  areFirst: boolean,
): MalformedLevels | undefined {
  const elsewhere =
    areFirst && !rules.integerPowerLevels
      ? beyondFloats(content, rules)
      : (malformedSingle(content, rules) ?? malformedMap(content, rules))
  return elsewhere ?? malformedUsers(content, rules)
}

/** JSON has no infinity, but a number that is too great for a float is read as that. */
function beyondFloats(content: JsonObject, rules: AuthRules): MalformedLevels | undefined {
  const maps = guardedMaps(rules).map((map) => content[map])
  const levels = [content, ...maps.filter(isJsonObject)].flatMap((object) => Object.values(object))
  if (!levels.some((value) => value === Infinity || value === -Infinity)) return undefined
  return { key: 'power-levels/levels', sentence: () => 'a level is greater than any 64-bit float' }
}

function malformedUsers(content: JsonObject, rules: AuthRules): MalformedLevels | undefined {
  const key = 'power-levels/users'
  const { users } = content
  if (users === undefined) return undefined
  if (!isJsonObject(users)) return { key, sentence: () => 'users is not an object' }
  const stranger = Object.keys(users).find((user) => !isUserId(user))
  if (stranger !== undefined) return { key, sentence: () => `${stranger} is not a user ID` }
  const bad = notLevel(users, rules)
  return bad === undefined ? undefined : { key, sentence: () => notInteger(`users.${bad}`, users[bad]) }
}

function malformedSingle(content: JsonObject, rules: AuthRules): MalformedLevels | undefined {
  const bad = LEVEL_NAMES.find((name) => Number.isNaN(readLevel(content[name], rules)))
  if (bad === undefined) return undefined
  return { key: 'power-levels/levels', sentence: () => notInteger(bad, content[bad]) }
}

function malformedMap(content: JsonObject, rules: AuthRules): MalformedLevels | undefined {
  const key = 'power-levels/maps'
  for (const map of guardedMaps(rules)) {
    const entries = content[map]
    if (entries === undefined) continue
    if (!isJsonObject(entries)) return { key, sentence: () => `${map} is not an object` }
    const bad = notLevel(entries, rules)
    if (bad !== undefined) return { key, sentence: () => notInteger(`${map}.${bad}`, entries[bad]) }
  }
  return undefined
}

function notLevel(entries: JsonObject, rules: AuthRules): string | undefined {
  return Object.keys(entries).find((name) => Number.isNaN(readLevel(entries[name], rules)))
}

function notInteger(name: string, value: JsonValue | undefined): string {
  return `${name} is not an integer but ${JSON.stringify(value)?.slice(0, 60)}`
}
