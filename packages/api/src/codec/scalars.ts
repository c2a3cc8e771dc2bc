import { BACKSLASH, DOT, isDigit, isHexDigit, MINUS, PLUS, QUOTE, ZERO } from './bytes.ts'
import { EndOfText, invalidByte } from './syntax-fault.ts'

/** Position after the string whose opening quote stands before `at`. @throws {SyntaxFault} */
export function skipStringRest(bytes: Uint8Array, at: number): number {
  const part = skipStringPart(bytes, at)
  if (part.isOver) return part.at
  if (part.at < bytes.length) skipEscape(bytes, part.at + 1)
  throw new EndOfText(true)
}

/**
 * Passes over what is at hand of a string from somewhere inside it, but for an escape that is not whole.
 *
 * @throws {SyntaxFault}
 */
export function skipStringPart(
  bytes: Uint8Array,
  from: number,
): { readonly at: number; readonly isOver: boolean } {
  const end = bytes.length
  let at = from
  while (at < end) {
    const byte = bytes[at] as number
    if (byte === QUOTE) return { at: at + 1, isOver: true }
    if (byte < 0x20) throw invalidByte(byte, 'in string literal')
    if (byte !== BACKSLASH) {
      at++
      continue
    }
    if (end - at < LONGEST_ESCAPE && !isWholeEscape(bytes, at)) break
    at = skipEscape(bytes, at + 1)
  }
  return { at, isOver: false }
}

/** `\\u0041` */
const LONGEST_ESCAPE = 6

function isWholeEscape(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at + 1]
  return byte !== undefined && byte !== LETTER_U
}

const SIMPLE_ESCAPES = new Set(Array.from('bfnrt\\/"', (char) => char.charCodeAt(0)))
const LETTER_U = 0x75

function skipEscape(bytes: Uint8Array, at: number): number {
  const byte = byteAt(bytes, at)
  if (SIMPLE_ESCAPES.has(byte)) return at + 1
  if (byte !== LETTER_U) throw invalidByte(byte, 'in string escape code')
  for (let digit = at + 1; digit <= at + 4; digit++) {
    const hex = byteAt(bytes, digit)
    if (!isHexDigit(hex)) throw invalidByte(hex, String.raw`in \u hexadecimal character escape`)
  }
  return at + 5
}

/** Position after the string, number, `true`, `false` or `null` at `at`. @throws {SyntaxFault} */
export function skipScalar(bytes: Uint8Array, at: number): number {
  const byte = byteAt(bytes, at)
  if (byte === QUOTE) return skipStringRest(bytes, at + 1)
  if (byte === MINUS || isDigit(byte)) return skipNumber(bytes, at)
  if (byte === 0x74) return skipWord(bytes, at, 'true')
  if (byte === 0x66) return skipWord(bytes, at, 'false')
  if (byte === 0x6e) return skipWord(bytes, at, 'null')
  throw invalidByte(byte, 'looking for beginning of value')
}

function skipWord(bytes: Uint8Array, at: number, word: string): number {
  for (let index = 1; index < word.length; index++) {
    const byte = byteAt(bytes, at + index)
    if (byte === word.charCodeAt(index)) continue
    throw invalidByte(byte, `in literal ${word} (expecting '${word.charAt(index)}')`)
  }
  return at + word.length
}

function skipNumber(bytes: Uint8Array, at: number): number {
  let next = at
  if (bytes[next] === MINUS) next++
  if (bytes[next] === ZERO) next++
  else next = skipDigits(bytes, next, 'in numeric literal')
  if (bytes[next] === DOT) next = skipDigits(bytes, next + 1, 'after decimal point in numeric literal')
  if (bytes[next] !== 0x65 && bytes[next] !== 0x45) return next
  next++
  if (bytes[next] === PLUS || bytes[next] === MINUS) next++
  return skipDigits(bytes, next, 'in exponent of numeric literal')
}

/** At least one digit. */
function skipDigits(bytes: Uint8Array, at: number, where: string): number {
  const first = byteAt(bytes, at)
  if (!isDigit(first)) throw invalidByte(first, where)
  let next = at + 1
  while (next < bytes.length && isDigit(bytes[next] as number)) next++
  return next
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new EndOfText(true)
  return byte
}
