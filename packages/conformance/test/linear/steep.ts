/**
 * How much more the second doubling may add than the first one: twice as much where steps are in proportion to the length,
 * a little more where something is sorted, four times as much where they grow with its square.
 */
const MOST = 2.6
/** Steps that say nothing yet: what ends at a bound does not go on growing. */
export const FEW = 2_000

/**
 * Whether steps grow faster than in proportion.
 *
 * @param steps - for a length, twice that and four times that
 */
export function isSteep([once = 0, twice = 0, fourTimes = 0]: readonly number[]): boolean {
  return fourTimes - twice > MOST * Math.max(twice - once, 0) + FEW
}
