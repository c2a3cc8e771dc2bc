/**
 * Characters that change how what stands around them is shown, or are not shown at all: controls, bidirectional and other
 * format characters, line and paragraph separators, unassigned and private ones, lone surrogates; and blanks that look like
 * others.
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u00a0\u115f\u1160\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]|\u034f/gu

/** Combining marks beyond so many in a row run over their neighbours. */
const STACKED = /(\p{M}{3})\p{M}+/gu

/**
 * Text of other people for terminals and pages: whatever would not be seen, or would change what is seen around it, stands
 * there as `\u{202e}`, and a backslash as two.
 */
export function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(HIDDEN, codePoint).replace(STACKED, '$1…')
}

function codePoint(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

/** The beginning of a text, of at most so many UTF-16 units; never half a character. */
export function shortened(text: string, length: number): string {
  if (text.length <= length) return text
  const cut = text.slice(0, length - 1)
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}
