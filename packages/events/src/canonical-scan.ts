import { codePointRank, compareCodePoints } from './code-points.ts'
import { MAX_JSON_DEPTH } from './limits.ts'

/**
 * How numbers are taken: `strict` (room version 6 and later) has integers of 53 bits only; `lenient` takes whatever
 * JSON has.
 */
export type Strictness = 'strict' | 'lenient'

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
/** On the stack of open containers: this one is a list. Objects hold where their previous key starts, 0 for none. */
const IN_LIST = -1

/**
 * Tells whether `text` is canonical JSON to the letter, in one pass that builds nothing. Most events arrive that way,
 * and then their hashes are those of slices of the text.
 *
 * @param spans - takes the places of the outermost object's members, four numbers each: start and end of the key's
 *   text between its quotes, start and end of the value
 */
export function isCanonicalText(text: string, strictness: Strictness, spans?: number[]): boolean {
  const open: number[] = []
  const keyEnds: number[] = []
  let valueStart = 0
  let i = 0
  let depth = 0
  let keyNext = false
  for (;;) {
    if (keyNext) {
      const end = text.charCodeAt(i) === QUOTE ? endOfString(text, i) : -1
      if (end < 0 || text.charCodeAt(end) !== COLON) return false
      const before = open[depth - 1] as number
      if (before > 0 && !ascends(text, before, keyEnds[depth - 1] as number, i + 1, end - 1)) return false
      open[depth - 1] = i + 1
      keyEnds[depth - 1] = end - 1
      if (depth === 1) valueStart = end + 1
      i = end + 1
      keyNext = false
    }
    const c = text.charCodeAt(i)
    if (c === QUOTE) i = endOfString(text, i)
    else if (c === OPEN_OBJECT || c === OPEN_LIST) {
      if (text.charCodeAt(i + 1) !== c + 2) {
        if (depth === MAX_JSON_DEPTH) return false
        keyNext = c === OPEN_OBJECT
        open[depth] = keyNext ? 0 : IN_LIST
        depth++
        i++
        continue
      }
      i += 2
    } else i = endOfScalar(text, i, strictness)
    if (i < 0) return false
    // A value has ended: close what closes with it, then go on to the next one.
    for (;;) {
      if (depth === 0) return i === text.length
      const key = open[depth - 1] as number
      if (depth === 1 && key > 0) spans?.push(key, keyEnds[0] as number, valueStart, i)
      const after = text.charCodeAt(i++)
      if (after === COMMA) {
        keyNext = key !== IN_LIST
        break
      }
      if (after !== (key === IN_LIST ? CLOSE_LIST : CLOSE_OBJECT)) return false
      depth--
    }
  }
}

/** Whether the key at [a, aEnd) sorts before the one at [b, bEnd). */
function ascends(text: string, a: number, aEnd: number, b: number, bEnd: number): boolean {
  const shorter = Math.min(aEnd - a, bEnd - b)
  for (let i = 0; i < shorter; i++) {
    const x = text.charCodeAt(a + i)
    const y = text.charCodeAt(b + i)
    if (x === BACKSLASH || y === BACKSLASH) {
      return compareCodePoints(unquoted(text, a, aEnd), unquoted(text, b, bEnd)) < 0
    }
    if (x !== y) return codePointRank(x) < codePointRank(y)
  }
  return aEnd - a < bEnd - b
}

function unquoted(text: string, start: number, end: number): string {
  return JSON.parse(text.slice(start - 1, end + 1)) as string
}

/** The place after the string that starts at `i`; -1 when it isn't written canonically. */
function endOfString(text: string, i: number): number {
  for (i++; ; i++) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) return i + 1
    if (c === BACKSLASH) {
      i = endOfEscape(text, i)
      if (i < 0) return -1
    } else if (c >= 0xd800 && c < 0xe000) {
      const low = text.charCodeAt(++i)
      if (c >= 0xdc00 || !(low >= 0xdc00 && low < 0xe000)) return -1
    } else if (!(c >= 0x20)) return -1
  }
}

/** The last place of the escape that starts at `i`; -1 when canonical JSON would write the character otherwise. */
function endOfEscape(text: string, i: number): number {
  const c = text[i + 1]
  if (c === 'u') return /^00(?:0[0-7be-f]|1[0-9a-f])/.test(text.slice(i + 2, i + 6)) ? i + 5 : -1
  return c !== undefined && '"\\bfnrt'.includes(c) ? i + 1 : -1
}

/** The place after the number or word that starts at `i`; -1 when it isn't canonical. */
function endOfScalar(text: string, i: number, strictness: Strictness): number {
  const c = text.charCodeAt(i)
  if (c === MINUS || (c >= ZERO && c <= NINE)) return endOfNumber(text, i, strictness)
  for (const word of ['true', 'false', 'null']) if (text.startsWith(word, i)) return i + word.length
  return -1
}

function endOfNumber(text: string, start: number, strictness: Strictness): number {
  const negative = text.charCodeAt(start) === MINUS
  const digits = negative ? start + 1 : start
  let end = digits
  while (text.charCodeAt(end) >= ZERO && text.charCodeAt(end) <= NINE) end++
  const length = end - digits
  const next = text.charCodeAt(end)
  const integer = next !== DOT && next !== 0x65 && next !== 0x45
  if (length === 0 || (text.charCodeAt(digits) === ZERO && length > 1)) return -1
  if (!integer) return strictness === 'lenient' ? endOfFraction(text, end) : -1
  if (negative && text.charCodeAt(digits) === ZERO) return -1
  if (strictness === 'lenient' || length < 16) return end
  return length === 16 && text.slice(digits, end) <= '9007199254740991' ? end : -1
}

const FRACTION = /(?:\.\d+)?(?:[eE][+-]?\d+)?/y

function endOfFraction(text: string, i: number): number {
  FRACTION.lastIndex = i
  return FRACTION.test(text) && FRACTION.lastIndex > i ? FRACTION.lastIndex : -1
}
