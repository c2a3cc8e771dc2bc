import { isJsonObject, type JsonValue } from '@roomserver/types'

/** How deep values may lie in each other. */
const MAX_DEPTH = 100

const ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '0': '\0',
}

const SPACE = /(?:[\s\uFEFF]|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)*/y
const NAME = /[\p{L}\p{Nl}$_](?:[\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}$_\u200C\u200D])*/uy
const NUMBER = /[+-]?(?:0[xX][\da-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/y

/**
 * Reads JSON5: JSON with comments, trailing commas, names and strings as JavaScript has them. `Infinity` and `NaN`, which no
 * event can have, are not taken.
 *
 * @returns `undefined` where it is not JSON5
 * @see https://spec.json5.org/
 */
export function parseJson5(text: string): JsonValue | undefined {
  try {
    const reader = new Json5Reader(text)
    const value = reader.value(0)
    reader.end()
    return value
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

class Json5Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): JsonValue {
    if (depth > MAX_DEPTH) throw new SyntaxError('too deep')
    this.#space()
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"' || first === "'") return this.#string(first)
    const number = this.#match(NUMBER)
    if (number !== undefined) return numberIn(number)
    const name = this.#match(NAME)
    if (name === 'null') return null
    if (name === 'true' || name === 'false') return name === 'true'
    throw new SyntaxError('no value')
  }

  end(): void {
    this.#space()
    if (this.#at < this.#text.length) throw new SyntaxError('something follows')
  }

  #object(depth: number): JsonValue {
    const members: [string, JsonValue][] = []
    this.#at++
    while (!this.#took('}')) {
      const first = this.#text[this.#at]
      const name = first === '"' || first === "'" ? this.#string(first) : this.#match(NAME)
      if (name === undefined || !this.#took(':')) throw new SyntaxError('no member')
      members.push([name, this.value(depth + 1)])
      if (this.#took('}')) break
      if (!this.#took(',')) throw new SyntaxError('no end of an object')
    }
    const value: unknown = Object.fromEntries(members)
    return isJsonObject(value) ? value : null
  }

  #array(depth: number): JsonValue {
    const elements: JsonValue[] = []
    this.#at++
    while (!this.#took(']')) {
      elements.push(this.value(depth + 1))
      if (this.#took(']')) break
      if (!this.#took(',')) throw new SyntaxError('no end of an array')
    }
    return elements
  }

  #string(quote: string): string {
    let text = ''
    for (this.#at++; ; ) {
      const char = this.#text[this.#at++]
      if (char === undefined || char === '\n' || char === '\r') throw new SyntaxError('no end of a string')
      if (char === quote) return text
      text += char === '\\' ? this.#escape() : char
    }
  }

  #escape(): string {
    const char = this.#text[this.#at++] ?? ''
    if (char === 'x' || char === 'u') {
      const digits = this.#text.slice(this.#at, this.#at + (char === 'x' ? 2 : 4))
      if (!/^(?:[\da-fA-F]{2}|[\da-fA-F]{4})$/.test(digits)) throw new SyntaxError('no escape')
      this.#at += digits.length
      return String.fromCharCode(Number.parseInt(digits, 16))
    }
    // A line that goes on in the next.
    if (char === '\r' && this.#text[this.#at] === '\n') this.#at++
    if (/^[\n\r\u2028\u2029]?$/.test(char)) return ''
    return ESCAPES[char] ?? char
  }

  /** Whether a character came next, which is passed with the space around it. */
  #took(char: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== char) return false
    this.#at++
    this.#space()
    return true
  }

  #space(): void {
    this.#match(SPACE)
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? []
    if (found !== undefined) this.#at += found.length
    return found
  }
}

function numberIn(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1
  const value = sign * Number(text.replace(/^[+-]/, ''))
  if (!Number.isFinite(value)) throw new SyntaxError('no number')
  return value
}
