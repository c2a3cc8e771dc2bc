import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'

/** What became of a text. */
export type Assembled =
  | { readonly kind: 'value'; readonly value: JsonValue; readonly faults: readonly string[] }
  /** A whole object, and something behind it: there may be one on each line. */
  | { readonly kind: 'more-values' }
  /** Not JSON, or neither an array nor an object. */
  | { readonly kind: 'unreadable' }

/** How much is kept of what comes. */
export interface AssemblyLimits {
  /** Of an element of a list, and of all of an object that is not in its lists. */
  readonly maxValueBytes: number
  /** Of all lists together. */
  readonly maxElements: number
}

/** An event has at most 64 KiB, its wrapping somewhat more; a summary of a room's users may be longer. */
const LIMITS: AssemblyLimits = { maxValueBytes: 16 * 1024 * 1024, maxElements: 20_000_000 }

const MAX_FAULTS = 20

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [LIST_BEGIN, LIST_END] = [0x5b, 0x5d]
const [OBJECT_BEGIN, OBJECT_END] = [0x7b, 0x7d]
/** Of blanks, and those that may precede a text in UTF-8 to say that it is. */
const PASSED_OVER = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf])

/**
 * Reads a JSON array, or an object with lists, from bytes as they come. Each element of the array or of a list of the object is
 * parsed when it is there, so that no more than one of them is held as text; one that is not valid JSON is left out and told of.
 */
export class JsonAssembler {
  readonly #limits: AssemblyLimits
  readonly #piece: TextPiece
  readonly #lists: JsonValue[][] = []
  readonly #faults: string[] = []
  /** What of an object is not in its lists; each list stands there as its number in brackets. */
  readonly #rest: TextPiece
  #place: 'before' | 'object' | 'list' | 'after' | 'over' = 'before'
  #isArray = false
  /** Brackets that are open around what comes, from the list or the object on. */
  #depth = 0
  #isInString = false
  #isEscaped = false
  #element = 0
  #elements = 0
  #hasMore = false
  #isUnreadable = false

  constructor(limits: AssemblyLimits = LIMITS) {
    this.#limits = limits
    this.#piece = new TextPiece(limits.maxValueBytes)
    this.#rest = new TextPiece(limits.maxValueBytes)
  }

  /** Whether nothing that comes changes the result any more. */
  get isOver(): boolean {
    return this.#place === 'over'
  }

  /** Takes the next bytes. They are not to change afterwards. */
  push(bytes: Uint8Array): void {
    /** Where in the bytes that begins which is not kept yet of the element, or of the object. */
    let from = 0
    for (let at = 0; at < bytes.length && !this.isOver; at++) {
      const byte = bytes[at] ?? 0
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === BACKSLASH) this.#isEscaped = true
        else if (byte === QUOTE) this.#isInString = false
      } else if (this.#place === 'list') {
        if (this.#depth === 0 && (byte === COMMA || byte === LIST_END)) {
          this.#piece.add(bytes.subarray(from, at))
          from = at + 1
          this.#endElement(byte === LIST_END)
        } else this.#goOver(byte)
      } else if (this.#place === 'object') {
        if (this.#depth === 1 && byte === LIST_BEGIN) {
          this.#rest.add(bytes.subarray(from, at + 1))
          this.#rest.add(encoder.encode(String(this.#lists.length)))
          from = at + 1
          this.#beginList()
        } else {
          this.#goOver(byte)
          if (this.#depth === 0) {
            this.#rest.add(bytes.subarray(from, at + 1))
            this.#place = 'after'
          }
        }
      } else if (!PASSED_OVER.has(byte)) {
        from = at
        if (this.#place === 'after') this.#end({ hasMore: true })
        else if (byte === LIST_BEGIN) {
          from = at + 1
          this.#isArray = true
          this.#beginList()
        } else if (byte === OBJECT_BEGIN) {
          this.#place = 'object'
          this.#depth = 1
        } else this.#end({ isUnreadable: true })
      }
    }
    if (this.#place === 'list') this.#piece.add(bytes.subarray(from))
    else if (this.#place === 'object') this.#rest.add(bytes.subarray(from))
    if (this.#piece.isTooLong) {
      this.#fault(
        `${this.#elementName(this.#element + 1)}: more than ${this.#limits.maxValueBytes} bytes, and nothing behind it is read`,
      )
      this.#end({ isUnreadable: !this.#isArray })
    }
    if (this.#rest.isTooLong) this.#end({ isUnreadable: true })
  }

  /** The result, when there is nothing to come. */
  end(): Assembled {
    const faults = this.#faults
    if (this.#isArray) {
      if (this.#place === 'list')
        this.#fault(`the array ends in the middle, at ${this.#elementName(this.#element + 1)}`)
      if (this.#hasMore) this.#fault('there is something behind the array, which is not read')
      return { kind: 'value', value: this.#lists[0] ?? [], faults }
    }
    if (this.#hasMore) return { kind: 'more-values' }
    const rest = this.#place === 'after' ? parsed(this.#rest.take()) : undefined
    if (rest === undefined || !isJsonObject(rest) || this.#isUnreadable) return { kind: 'unreadable' }
    return { kind: 'value', value: this.#withLists(rest), faults }
  }

  #goOver(byte: number): void {
    if (byte === QUOTE) this.#isInString = true
    else if (byte === LIST_BEGIN || byte === OBJECT_BEGIN) this.#depth++
    // One too many is left to the parser.
    else if (byte === LIST_END || byte === OBJECT_END) this.#depth = Math.max(0, this.#depth - 1)
  }

  #beginList(): void {
    this.#place = 'list'
    this.#depth = 0
    this.#element = 0
    this.#lists.push([])
  }

  #endElement(isLast: boolean): void {
    const text = this.#piece.take()
    const list = this.#lists.at(-1)
    const isEmptyList = isLast && this.#element === 0 && text.trim() === ''
    if (!isEmptyList) {
      this.#element++
      const value = parsed(text)
      if (value === undefined) this.#fault(`${this.#elementName(this.#element)}: not valid JSON`)
      else list?.push(value)
      if (++this.#elements >= this.#limits.maxElements) {
        this.#fault(`more than ${this.#limits.maxElements} elements, and nothing behind them is read`)
        this.#end({ isUnreadable: !this.#isArray })
        return
      }
    }
    if (!isLast) return
    this.#place = this.#isArray ? 'after' : 'object'
    this.#depth = this.#isArray ? 0 : 1
    if (!this.#isArray) this.#rest.add(LIST_CLOSED)
  }

  #elementName(number: number): string {
    return this.#isArray ? `element ${number}` : `element ${number} of list ${this.#lists.length}`
  }

  #fault(text: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push(text)
  }

  #end({
    hasMore = false,
    isUnreadable = false,
  }: {
    readonly hasMore?: boolean
    readonly isUnreadable?: boolean
  }): void {
    this.#hasMore = hasMore
    this.#isUnreadable = isUnreadable
    this.#place = 'over'
  }

  /** The object with the lists in their places. */
  #withLists(rest: JsonObject): JsonObject {
    const members = Object.entries(rest).map(([name, value = null]): [string, JsonValue] => {
      if (!Array.isArray(value)) return [name, value]
      return [name, this.#lists[Number(value[0])] ?? []]
    })
    return Object.fromEntries(members)
  }
}

const encoder = new TextEncoder()
const LIST_CLOSED = encoder.encode(']')

/** Bytes that are collected until they are a whole text. */
export class TextPiece {
  readonly #maxBytes: number
  #parts: Uint8Array[] = []
  #length = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isTooLong(): boolean {
    return this.#length > this.#maxBytes
  }

  add(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#length += bytes.length
    if (this.isTooLong) this.#parts = []
    else this.#parts.push(bytes)
  }

  /** The text of what was collected; begins anew. */
  take(): string {
    const decoder = new TextDecoder()
    const [only, ...others] = this.#parts
    let text = only === undefined ? '' : decoder.decode(only, { stream: others.length > 0 })
    for (const [at, part] of others.entries())
      text += decoder.decode(part, { stream: at < others.length - 1 })
    this.#parts = []
    this.#length = 0
    return text
  }
}

/** The value of a text; `undefined`: it is not JSON. */
export function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}
