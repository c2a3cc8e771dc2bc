/** Whether two lists, sorted alike, are the same. */
export function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, index) => one === b[index])
}
