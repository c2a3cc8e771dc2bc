import { isDigit, MINUS, OPEN_LIST, OPEN_OBJECT, QUOTE } from './bytes.ts'
import type { JsonReader } from './json-reader.ts'
import { skipStringPart } from './scalars.ts'
import { EndOfText, SizeFault } from './syntax-fault.ts'

/** What is next inside the value that is passed over. */
type Next = 'value' | 'rest of string' | 'colon' | 'comma or end'

/**
 * Passes over one value of any length, a stretch of its bytes at a time: nothing of it has to be kept, and none of it is
 * looked at twice.
 */
export class ValueSkipper {
  /** The opening bytes of the objects and lists around. */
  readonly #open: number[] = []
  #next: Next = 'value'
  #isFirst = false
  /** Values so far, those inside others too. */
  #count = 0
  #isName = false

  /**
   * Goes on as far as the bytes at hand reach, or at least `stretch` of them.
   *
   * @returns whether the value is over; if not, the reader stands at the first byte that was not passed over
   * @throws {SyntaxFault}
   */
  resume(input: JsonReader, stretch = Number.POSITIVE_INFINITY): boolean {
    const until = input.at + stretch
    let { at, depth } = input
    try {
      while (this.#step(input)) {
        if (this.#isOver) return true
        if (input.at >= until) return false
        ;({ at, depth } = input)
      }
      return false
    } catch (error) {
      if (!(error instanceof EndOfText) || input.isWhole) throw error
      input.goBack({ at, depth, held: input.held.count })
      return false
    }
  }

  get #isOver(): boolean {
    return this.#open.length === 0 && this.#next === 'comma or end'
  }

  /** Skips the smallest part that can be skipped by itself. False: the bytes end inside a string. */
  #step(input: JsonReader): boolean {
    switch (this.#next) {
      case 'value':
        this.#skipValue(input)
        return true
      case 'rest of string':
        return this.#skipString(input)
      case 'colon':
        input.expectColon()
        this.#next = 'value'
        return true
      case 'comma or end':
        this.#stepInside(input)
        return true
    }
  }

  #skipValue(input: JsonReader): void {
    if (++this.#count > input.limits.maxListEntries) {
      throw new SizeFault(`a member that is not known has more than ${input.limits.maxListEntries} values`)
    }
    const byte = input.peek()
    if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      input.enter()
      this.#open.push(byte)
      this.#isFirst = true
      this.#next = 'comma or end'
      return
    }
    if (byte === QUOTE) {
      input.at++
      this.#isName = false
      this.#next = 'rest of string'
      return
    }
    input.skip()
    const isNumber = byte === MINUS || isDigit(byte)
    // A number may go on behind the bytes at hand.
    if (isNumber && !input.isWhole && input.at === input.bytes.length) throw new EndOfText(true)
    this.#next = 'comma or end'
    this.#isFirst = false
  }

  #skipString(input: JsonReader): boolean {
    const { at, isOver } = skipStringPart(input.bytes, input.at)
    if (!isOver && input.isWhole) throw new EndOfText(true)
    input.at = at
    if (!isOver) return false
    this.#next = this.#isName ? 'colon' : 'comma or end'
    this.#isFirst = false
    return true
  }

  #stepInside(input: JsonReader): void {
    if (this.#open.at(-1) === OPEN_LIST) {
      if (input.nextElement(this.#isFirst)) this.#next = 'value'
      else this.#close()
    } else if (input.nextMember(this.#isFirst)) {
      input.at++
      this.#isName = true
      this.#next = 'rest of string'
    } else {
      this.#close()
    }
  }

  #close(): void {
    this.#open.pop()
    this.#isFirst = false
    this.#next = 'comma or end'
  }
}
