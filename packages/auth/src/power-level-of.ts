import type { UserId } from '@roomserver/types'
import { levelOf, type PowerLevelSources } from './levels.ts'

/**
 * The level of creators who stand above all levels: greater than any that an event can set in the room versions where there
 * are such creators.
 */
export const CREATOR_LEVEL = 2 ** 53

/** The level that something takes which nobody may do, because the level that it takes cannot be read. */
export const NOBODY_LEVEL = Number.MAX_VALUE

/**
 * The power level of a user: {@link CREATOR_LEVEL} for creators who stand above all levels, 100 for the creator of a room
 * without power levels. Always a finite number: a level that cannot be read counts as 0.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 */
export function powerLevelOf(user: UserId, sources: PowerLevelSources): number {
  const level = levelOf(sources, user)
  if (level === Infinity) return CREATOR_LEVEL
  return Number.isNaN(level) ? 0 : level
}
