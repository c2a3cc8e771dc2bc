/**
 * Compares two strings by code point, the order of keys in canonical JSON. It differs from JavaScript's `<`, which
 * puts U+10000 and above (written as surrogates, U+D800 …) before U+E000.
 */
export function compareCodePoints(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return codePointRank(x) - codePointRank(y)
  }
  return a.length - b.length
}

/** Where a UTF-16 unit sorts when whole strings are compared by code point: surrogates come after everything else. */
export function codePointRank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
