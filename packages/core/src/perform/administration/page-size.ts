const DEFAULT_SIZE = 100
const MAX_SIZE = 1_000

/** How many items a page of a list for operators has, of what was asked for; 0: the default. */
export function pageSize(limit: number): number {
  return limit > 0 ? Math.min(limit, MAX_SIZE) : DEFAULT_SIZE
}
