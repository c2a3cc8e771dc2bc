/** Whether two lists without repetitions hold the same values. */
export function sameSet<T>(a: readonly T[], b: readonly T[]): boolean {
  if (a.length !== b.length) return false
  const values = new Set(b)
  return a.every((value) => values.has(value))
}
