import type { Pdu } from '@roomserver/events'
import type { UserId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { creatorOf, creatorsOf, entryIn, readLevel } from './levels.ts'

/** What decides the power level of a user. */
export interface PowerLevelSources {
  readonly rules: RoomVersionRules
  readonly create: Pdu | undefined
  /** The room's `m.room.power_levels`, if it has them. */
  readonly powerLevels: Pdu | undefined
}

/**
 * The power level of a user: `Infinity` for creators who stand above all levels, 100 for the creator of a room without
 * power levels. Always a number that can be compared: a level that cannot be read counts as 0.
 *
 * @see https://spec.matrix.org/v1.16/client-server-api/#mroompower_levels
 */
export function powerLevelOf(user: UserId, { create, powerLevels, rules }: PowerLevelSources): number {
  if (create !== undefined && rules.auth.creatorsOutrankAll && creatorsOf(create).has(user)) return Infinity
  if (powerLevels === undefined) return create !== undefined && creatorOf(create) === user ? 100 : 0
  const { content } = powerLevels
  const level = readLevel(entryIn(content, 'users', user) ?? content['users_default'], rules.auth)
  return level === undefined || Number.isNaN(level) ? 0 : level
}
