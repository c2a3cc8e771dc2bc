import type { UserId } from '@roomserver/types'
import { levelOf, type PowerLevelSources } from './levels.ts'

/**
 * The power level of a user: `Infinity` for creators who stand above all levels, 100 for the creator of a room without
 * power levels. Always a number that can be compared: a level that cannot be read counts as 0.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 */
export function powerLevelOf(user: UserId, sources: PowerLevelSources): number {
  const level = levelOf(sources, user)
  return Number.isNaN(level) ? 0 : level
}
