import { MAX_JSON_DEPTH } from '../limits.ts'
import { Entries } from './entries.ts'
import { endOfSmallInteger, numberAt, type Strictness, strictNumberFault } from './numbers.ts'
import { endOfAnyString, endOfCanonicalString, stringValue } from './strings.ts'

const CLOSE_LIST = 0x5d
const CLOSE_OBJECT = 0x7d
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const OPEN_OBJECT = 0x7b
const QUOTE = 0x22

/** A JSON text in canonical form. */
export interface CanonicalText {
  readonly ok: true
  readonly text: string
  /**
   * Where the members of the object are, in order: start and end of the key between its quotes, start and end of the
   * value. `undefined` if the text is not an object.
   */
  readonly spans: readonly number[] | undefined
}

/** What a JSON text can't be brought into canonical form for. */
export interface NoCanonicalText {
  readonly ok: false
  readonly reason: string
}

/**
 * Brings a JSON text into canonical form in one pass. Canonical parts are not written again but referred to
 * by its place, so a text that is canonical throughout costs a look at each character and nothing else.
 */
export function readCanonical(text: string, strictness: Strictness): CanonicalText | NoCanonicalText {
  return new Reader(text, strictness).read()
}

const BLANKS = /[ \t\n\r]*/y
const WORDS = ['true', 'false', 'null']
const NOT_JSON = 'it is not valid JSON'

/** A list or object whose end hasn't been read. */
interface Open {
  readonly outer: Open | undefined
  readonly depth: number
  readonly start: number
  readonly isObject: boolean
  /** Its first entry. */
  readonly first: number
  /** Whether it has to be rewritten: white space, keys out of order, or a part that has to be. */
  isChanged: boolean
}

class Reader {
  readonly #text: string
  readonly #strict: boolean
  readonly #entries: Entries
  #inner: Open | undefined
  #at = 0
  /** The value that was read last. */
  #start = 0
  #end = 0
  #spans: number[] | undefined
  #fault: string | undefined

  constructor(text: string, strictness: Strictness) {
    this.#text = text
    this.#strict = strictness === 'strict'
    this.#entries = new Entries(text)
  }

  read(): CanonicalText | NoCanonicalText {
    do {
      if (!this.#readValue()) continue
      let open = this.#inner
      while (open !== undefined && this.#endEntry(open)) open = this.#inner
    } while (this.#inner !== undefined && this.#fault === undefined)
    this.#skipBlanks()
    if (this.#at < this.#text.length) this.#refuse('it has text after the JSON value')
    if (this.#fault !== undefined) return { ok: false, reason: this.#fault }
    return { ok: true, text: this.#entries.textAt(this.#start, this.#end), spans: this.#spans }
  }

  /** Reads a value, or opens a container that isn't empty; tells whether a value has ended. */
  #readValue(): boolean {
    const c = this.#skipBlanks()
    if (c === QUOTE) this.#readString()
    else if (c === OPEN_OBJECT || c === OPEN_LIST) return this.#open(c)
    else this.#readScalar()
    return true
  }

  #open(c: number): boolean {
    const outer = this.#inner
    const depth = outer === undefined ? 1 : outer.depth + 1
    const isObject = c === OPEN_OBJECT
    const start = this.#at++
    const open = { outer, depth, start, isObject, first: this.#entries.places.length, isChanged: false }
    this.#inner = open
    // In ASCII each closing bracket is two places behind its opening one.
    if (this.#skipBlanks() === c + 2) {
      this.#at++
      this.#close(open)
      return true
    }
    if (depth > MAX_JSON_DEPTH) this.#refuse(`it is nested deeper than ${MAX_JSON_DEPTH}`)
    this.#startEntry(open)
    return false
  }

  #startEntry(open: Open): void {
    if (open.isObject) this.#readKey(open)
    else this.#entries.places.push(0, 0)
  }

  /** After a value in a container: goes on to the next entry, or ends the container; tells whether it has ended. */
  #endEntry(open: Open): boolean {
    if (this.#start < 0) open.isChanged = true
    this.#entries.places.push(this.#start, this.#end)
    const c = this.#skipBlanks()
    this.#at++
    if (c === COMMA) this.#startEntry(open)
    else if (c !== (open.isObject ? CLOSE_OBJECT : CLOSE_LIST)) this.#refuse(NOT_JSON)
    else if (this.#fault === undefined) return this.#close(open)
    return false
  }

  #close(open: Open): true {
    const { first, start, isObject, isChanged } = open
    if (isObject && open.depth === 1) this.#closeOutermost(open)
    else if (!isChanged) this.#take(start, this.#at)
    else this.#rewrite(isObject ? this.#entries.objectText(first) : this.#entries.listText(first), this.#at)
    this.#entries.places.length = first
    this.#inner = open.outer
    return true
  }

  /** Notes where the members of the object are that the whole text is. */
  #closeOutermost({ start, isChanged }: Open): void {
    if (!isChanged) {
      this.#spans = this.#entries.places.map((place) => place - start)
      return this.#take(start, this.#at)
    }
    this.#spans = []
    let text = ''
    for (const entry of this.#entries.sorted(0)) {
      const key = this.#entries.keyText(entry)
      const value = this.#entries.valueText(entry)
      const keyStart = text.length + 2
      const valueStart = keyStart + key.length
      this.#spans.push(keyStart, valueStart - 2, valueStart, valueStart + value.length)
      text += `${text === '' ? '{' : ','}${key}:${value}`
    }
    this.#rewrite(text === '' ? '{}' : `${text}}`, this.#at)
  }

  #readKey(open: Open): void {
    const { places } = this.#entries
    if (this.#skipBlanks() === QUOTE) this.#readString()
    else this.#refuse(NOT_JSON)
    const isRewritten = this.#start < 0
    const entry = places.length
    places.push(isRewritten ? this.#start : this.#start + 1, this.#end - 1)
    if (this.#skipBlanks() !== COLON) this.#refuse(NOT_JSON)
    this.#at++
    if (open.isChanged || this.#fault !== undefined) return
    const isFirst = entry === open.first
    open.isChanged = isRewritten || (!isFirst && this.#entries.compareKeys(entry - 4, entry) >= 0)
  }

  #readString(): void {
    const end = endOfCanonicalString(this.#text, this.#at)
    if (end > 0) return this.#take(this.#at, end)
    const anyEnd = endOfAnyString(this.#text, this.#at)
    const value = stringValue(this.#text.slice(this.#at, anyEnd))
    if (value === undefined)
      this.#refuse('it is not valid JSON: a string is malformed or holds half of a surrogate pair')
    else this.#rewrite(JSON.stringify(value), anyEnd)
  }

  #readScalar(): void {
    const end = endOfSmallInteger(this.#text, this.#at)
    if (end > 0) return this.#take(this.#at, end)
    const word = WORDS.find((each) => this.#text.startsWith(each, this.#at))
    if (word !== undefined) return this.#take(this.#at, this.#at + word.length)
    const number = numberAt(this.#text, this.#at)
    const fault = number === undefined ? NOT_JSON : this.#strict ? strictNumberFault(number) : undefined
    if (number === undefined || fault !== undefined) this.#refuse(fault ?? NOT_JSON)
    else if (number === '-0') this.#rewrite('0', this.#at + 2)
    else this.#take(this.#at, this.#at + number.length)
  }

  /** The value is canonical as it stands. */
  #take(start: number, end: number): void {
    this.#start = start
    this.#end = end
    this.#at = end
  }

  /** The value is `text`, and what was read of it ends at `end`. */
  #rewrite(text: string, end: number): void {
    this.#take(this.#entries.rewrite(text), end)
  }

  /** Moves to the next character that is not white space, which the container does not keep. */
  #skipBlanks(): number {
    const c = this.#text.charCodeAt(this.#at)
    return c > 0x20 ? c : this.#skipSomeBlanks()
  }

  #skipSomeBlanks(): number {
    BLANKS.lastIndex = this.#at
    BLANKS.test(this.#text)
    if (BLANKS.lastIndex > this.#at && this.#inner !== undefined) this.#inner.isChanged = true
    this.#at = BLANKS.lastIndex
    return this.#text.charCodeAt(this.#at)
  }

  #refuse(reason: string): void {
    this.#fault ??= `${reason} (at character ${this.#at})`
    this.#at = this.#text.length
  }
}
