import type { Pdu } from '@roomserver/events'
import { isJsonObject, type JsonObject } from '@roomserver/types'
import { type AuthContext, refuse } from '../auth-context.ts'
import { entryIn, LEVEL_NAMES, readLevel, showLevel } from '../levels.ts'
import type { RuleKey } from '../rules/table.ts'
import type { AuthVerdict } from '../verdict.ts'
import { guardedMaps } from './malformed-levels.ts'

/** New power levels beside those that the room has, and the level of the one who changes them. */
interface Change {
  readonly c: AuthContext
  readonly old: JsonObject
  readonly new: JsonObject
  readonly level: number
}

/** Nobody gives or takes more than they have. A level that is absent has no value to compare. */
export function checkChanges(c: AuthContext, current: Pdu, level: number): AuthVerdict | undefined {
  const change: Change = { c, old: current.content, new: c.event.content, level }
  const maps = guardedMaps(c.rules.auth)
  return (
    checkSingleLevels(change) ??
    first(maps, (map) => checkLeft(change, map, 'power-levels/entries-left/current')) ??
    first(maps, (map) => checkSet(change, map, 'power-levels/entries-set/new')) ??
    checkLeft(change, 'users', 'power-levels/users-left/current') ??
    checkSet(change, 'users', 'power-levels/users-set/new')
  )
}

function checkSingleLevels(change: Change): AuthVerdict | undefined {
  const { c, level } = change
  return first(LEVEL_NAMES, (name) => {
    const was = readLevel(change.old[name], c.rules.auth)
    const is = readLevel(change.new[name], c.rules.auth)
    if (was === is) return undefined
    if (was !== undefined && !(was <= level))
      return refuseChange(change, 'power-levels/defaults/current', name, was, is)
    if (is !== undefined && is > level)
      return refuseChange(change, 'power-levels/defaults/new', name, was, is)
    return undefined
  })
}

/** Entries that are changed or removed: the value that goes must be within reach, for users below the sender's. */
function checkLeft(change: Change, map: string, key: RuleKey): AuthVerdict | undefined {
  const { c, level } = change
  const ofUsers = map === 'users'
  return first(namesIn(change.old, map), (name) => {
    const was = readLevel(entryIn(change.old, map, name), c.rules.auth)
    if (was === undefined || was < level || (was === level && !ofUsers)) return undefined
    if (ofUsers && name === c.event.sender) return undefined
    const is = readLevel(entryIn(change.new, map, name), c.rules.auth)
    return was === is ? undefined : refuseChange(change, key, `${map}.${name}`, was, is)
  })
}

/** Entries that are added or changed: the value that comes must be within reach. */
function checkSet(change: Change, map: string, key: RuleKey): AuthVerdict | undefined {
  const { c, level } = change
  return first(namesIn(change.new, map), (name) => {
    const is = readLevel(entryIn(change.new, map, name), c.rules.auth)
    if (is === undefined || is <= level) return undefined
    const was = readLevel(entryIn(change.old, map, name), c.rules.auth)
    return was === is ? undefined : refuseChange(change, key, `${map}.${name}`, was, is)
  })
}

function refuseChange(
  change: Change,
  key: RuleKey,
  name: string,
  was: number | undefined,
  is: number | undefined,
): AuthVerdict {
  const { c, level } = change
  const { sender } = c.event
  const reason = () =>
    `${sender} has level ${showLevel(level)} and cannot change ${name} from ${show(was)} to ${show(is)}`
  return refuse(c, key, reason)
}

function show(level: number | undefined): string {
  return level === undefined ? 'none' : showLevel(level)
}

function namesIn(content: JsonObject, map: string): readonly string[] {
  const entries = content[map]
  return isJsonObject(entries) ? Object.keys(entries) : []
}

function first<T>(items: readonly T[], check: (item: T) => AuthVerdict | undefined): AuthVerdict | undefined {
  for (const item of items) {
    const verdict = check(item)
    if (verdict !== undefined) return verdict
  }
  return undefined
}
