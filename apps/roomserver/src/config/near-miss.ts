/**
 * The known key that an unknown one was probably meant to be: one slip of the finger away.
 * Keys of other components pass unread, so without this a misspelt key of ours would pass as well.
 */
export function nearMiss(key: string, known: readonly string[]): string | undefined {
  return known.find((candidate) => candidate !== key && isOneSlipApart(key.toLowerCase(), candidate))
}

/** One character added, left out, changed, or swapped with its neighbour (or only upper case differs). */
function isOneSlipApart(a: string, b: string): boolean {
  if (a.length > b.length) return isOneSlipApart(b, a)
  let i = 0
  while (i < a.length && a[i] === b[i]) i++
  if (b.length - a.length === 1) return a.slice(i) === b.slice(i + 1)
  if (b.length !== a.length) return false
  const isSwapped = a[i] === b[i + 1] && a[i + 1] === b[i]
  return a.slice(i + 1) === b.slice(i + 1) || (isSwapped && a.slice(i + 2) === b.slice(i + 2))
}
