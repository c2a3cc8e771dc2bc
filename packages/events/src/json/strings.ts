// Constants stand in each file: V8 looks imported ones up at every use, and these are used for every character.
const QUOTE = 0x22
const BACKSLASH = 0x5c
const FIRST_SURROGATE = 0xd800
const FIRST_LOW_SURROGATE = 0xdc00
const LAST_SURROGATE = 0xdfff

// oxlint-disable-next-line no-control-regex -- these are what a JSON string can't hold
const PLAIN_CHARACTERS = /[^"\\\0-\x1f\ud800-\udfff]*/y
/** Control characters without a letter of their own are written in lower-case hex. */
const LONG_ESCAPE = /\\u00(?:0[0-7be-f]|1[0-9a-f])/y

/** The place after the string that starts at `start`; -1 when it isn't one in canonical form. */
export function endOfCanonicalString(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    PLAIN_CHARACTERS.lastIndex = i
    PLAIN_CHARACTERS.test(text)
    i = PLAIN_CHARACTERS.lastIndex
    const c = text.charCodeAt(i)
    if (c === QUOTE) return i + 1
    if (c === BACKSLASH) {
      i = endOfCanonicalEscape(text, i)
      if (i < 0) return -1
    } else if (!isSurrogatePair(c, text.charCodeAt(++i))) return -1
  }
}

function isSurrogatePair(high: number, low: number): boolean {
  return (
    high >= FIRST_SURROGATE &&
    high < FIRST_LOW_SURROGATE &&
    low >= FIRST_LOW_SURROGATE &&
    low <= LAST_SURROGATE
  )
}

/** The last place of the escape that starts at `i`; -1 when canonical JSON would write the character otherwise. */
function endOfCanonicalEscape(text: string, i: number): number {
  switch (text.charAt(i + 1)) {
    case '"':
    case '\\':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return i + 1
    default:
      LONG_ESCAPE.lastIndex = i
      return LONG_ESCAPE.test(text) ? i + 5 : -1
  }
}

/** The place after the closing quote of the string that starts at `start`, or after the text. */
export function endOfAnyString(text: string, start: number): number {
  let i = start + 1
  while (i < text.length && text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1
  return i + 1
}

/** The value of a JSON string; undefined when it is none, or holds half of a surrogate pair. */
export function stringValue(quoted: string): string | undefined {
  try {
    const value = JSON.parse(quoted) as unknown
    return typeof value === 'string' && value.isWellFormed() ? value : undefined
  } catch {
    return undefined
  }
}
