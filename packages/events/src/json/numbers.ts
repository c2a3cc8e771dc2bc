const DOT = 0x2e
const MINUS = 0x2d
const NINE = 0x39
const ZERO = 0x30

/**
 * How numbers are taken: `strict` (room version 6 and later) has integers of 53 bits only; `lenient` takes whatever
 * JSON has.
 */
export type Strictness = 'strict' | 'lenient'

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y

/** The place after the plain integer of up to 15 digits that starts at `start`: most numbers. Else -1. */
export function endOfSmallInteger(text: string, start: number): number {
  const negative = text.charCodeAt(start) === MINUS
  const digits = negative ? start + 1 : start
  let end = digits
  while (isDigit(text.charCodeAt(end))) end++
  const length = end - digits
  if (length === 0 || length > 15 || isPartOfFraction(text.charCodeAt(end))) return -1
  return text.charCodeAt(digits) === ZERO && (length > 1 || negative) ? -1 : end
}

function isDigit(c: number): boolean {
  return c >= ZERO && c <= NINE
}

function isPartOfFraction(c: number): boolean {
  return c === DOT || c === 0x45 || c === 0x65 // . E e
}

/** The number that starts at `start` as it is written; undefined when there is none. */
export function numberAt(text: string, start: number): string | undefined {
  NUMBER.lastIndex = start
  return NUMBER.exec(text)?.[0]
}

/** Why a strict text can't have this number; undefined when it can. */
export function strictNumberFault(number: string): string | undefined {
  if (/[.eE]/.test(number)) return `${shown(number)} is not an integer`
  if (number === '-0') return '-0 is not allowed'
  return Number.isSafeInteger(Number(number)) ? undefined : `${shown(number)} is beyond 2^53 - 1`
}

function shown(number: string): string {
  return number.length <= 40 ? number : `${number.slice(0, 40)}…`
}
