import { CLOSE_LIST, CLOSE_OBJECT, COLON, COMMA, isSpace, OPEN_LIST, OPEN_OBJECT, QUOTE } from './bytes.ts'
import { HeldBytes, type DecodeLimits, TAKEN, UNBOUNDED } from './held-bytes.ts'
import { skipScalar, skipStringRest } from './scalars.ts'
import { EndOfText, invalidByte, type SyntaxFault } from './syntax-fault.ts'

/** How deep lists and objects may stand in each other; Go's limit. */
const MAX_DEPTH = 10_000

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** A place in a text that a reader can go back to for as long as no bytes were put in its place. */
export interface Place {
  readonly at: number
  readonly depth: number
  readonly held: number
}

/**
 * Reads one JSON value from bytes, front to back. What it hands out are texts of their own: they do not hold on to the
 * body they came from. Everything it passes over is checked; what follows the value is not looked at, as in Go.
 * Depth costs no stack.
 *
 * All methods throw {@link SyntaxFault} if the bytes are not valid JSON, {@link EndOfText} if they end too early.
 */
export class JsonReader {
  /** Bytes of the text that are at hand. */
  bytes: Uint8Array
  at = 0
  /** Whether the text ends where the bytes do. */
  isWhole: boolean
  readonly limits: DecodeLimits
  /** Memory that the returned values take. */
  readonly held: HeldBytes
  /** How many lists and objects are open. */
  depth = 0
  /** Whether there was more than space in bytes that are not at hand any more. */
  #isBegun = false

  constructor(bytes: Uint8Array, isWhole = true, limits: DecodeLimits = UNBOUNDED) {
    this.bytes = bytes
    this.isWhole = isWhole
    this.limits = limits
    this.held = new HeldBytes(limits.maxHeldBytes)
  }

  get place(): Place {
    return { at: this.at, depth: this.depth, held: this.held.count }
  }

  goBack({ at, depth, held }: Place): void {
    this.at = at
    this.depth = depth
    this.held.count = held
  }

  /** Goes on with the bytes that have not been read yet, which now begin at `at`, and others behind them. */
  resume(bytes: Uint8Array, isWhole: boolean, at: number): void {
    this.#isBegun ||= !this.#isBlank()
    this.bytes = bytes
    this.at = at
    this.isWhole = isWhole
  }

  /** The first byte of the next value; stays before it. */
  peek(): number {
    const { bytes } = this
    for (; this.at < bytes.length; this.at++) {
      const byte = bytes[this.at] as number
      if (!isSpace(byte)) return byte
    }
    throw new EndOfText(this.#isBegun || !this.#isBlank())
  }

  /** Text between two positions. */
  text(start: number, end: number): string {
    this.held.add(TAKEN.string + end - start)
    return utf8.decode(this.bytes.subarray(start, end))
  }

  /** Steps into an object or list, whose opening byte is next. */
  enter(): void {
    if (++this.depth > MAX_DEPTH) throw tooDeep(this.peek())
    this.at++
  }

  /** Steps to the next member's name, which is next then; false: the object is over. */
  nextMember(first: boolean): boolean {
    let byte = this.peek()
    if (byte === CLOSE_OBJECT) return this.#leave()
    if (!first) {
      if (byte !== COMMA) throw invalidByte(byte, 'after object key:value pair')
      this.at++
      byte = this.peek()
    }
    if (byte !== QUOTE) throw invalidByte(byte, 'looking for beginning of object key string')
    return true
  }

  /** Steps from a member's name to its value. */
  expectColon(): void {
    const byte = this.peek()
    if (byte !== COLON) throw invalidByte(byte, 'after object key')
    this.at++
  }

  /** Steps to the next element; false: the list is over. */
  nextElement(first: boolean): boolean {
    const byte = this.peek()
    if (byte === CLOSE_LIST) return this.#leave()
    if (first) return true
    if (byte !== COMMA) throw invalidByte(byte, 'after array element')
    this.at++
    return true
  }

  /** Reads the string that is next. Surrogates that stand alone become U+FFFD. */
  string(): string {
    const start = this.at
    this.skipString()
    const raw = this.text(start + 1, this.at - 1)
    return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string).toWellFormed() : raw
  }

  /** Passes over the string that is next. */
  skipString(): void {
    this.at = skipStringRest(this.bytes, this.at + 1)
  }

  /**
   * Passes over the value that is next, whatever it is.
   *
   * @param maxDepth - how deep lists and objects may stand in each other inside it
   */
  skip(maxDepth = MAX_DEPTH): void {
    const open: number[] = []
    let first = this.#skipOne(open)
    while (open.length > 0) {
      if (open.length > maxDepth) throw tooDeep(open.at(-1) ?? 0)
      if (this.#stepInside(open.at(-1) === OPEN_LIST, first)) {
        first = this.#skipOne(open)
      } else {
        open.pop()
        first = false
      }
    }
  }

  /** Passes over a scalar, or steps into an object or list and says so. */
  #skipOne(open: number[]): boolean {
    const byte = this.peek()
    const opens = byte === OPEN_OBJECT || byte === OPEN_LIST
    if (opens) {
      open.push(byte)
      this.enter()
    } else {
      this.at = skipScalar(this.bytes, this.at)
    }
    return opens
  }

  /** Steps to the next value inside what was opened last; false: that is over. */
  #stepInside(isList: boolean, first: boolean): boolean {
    if (isList) return this.nextElement(first)
    if (!this.nextMember(first)) return false
    this.skipString()
    this.expectColon()
    return true
  }

  #leave(): false {
    this.at++
    this.depth--
    return false
  }

  #isBlank(): boolean {
    return this.bytes.subarray(0, this.at).every(isSpace)
  }
}

function tooDeep(byte: number): SyntaxFault {
  return invalidByte(byte, 'exceeded max depth')
}
