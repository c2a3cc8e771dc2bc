import { isCanonicalText, type Strictness } from './canonical-scan.ts'
import { compareCodePoints } from './code-points.ts'
import { MAX_JSON_DEPTH } from './limits.ts'

/** The canonical form of a JSON text, or why it has none. */
export type CanonicalVerdict =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string }

/**
 * Brings a JSON text into canonical form: keys sorted by code point, no blanks, the shortest escapes. Of equal keys
 * the last one counts. Numbers are never turned into floating point on the way: in lenient texts an integer of any
 * size, and a fraction as it was written, come out as they went in (`-0` becomes `0`).
 *
 * Never throws, takes time linear in the text (but for sorting keys) and refuses what nests deeper than 1,000.
 *
 * @see https://spec.matrix.org/v1.16/appendices/#canonical-json
 */
export function canonicalizeJson(text: string, strictness: Strictness = 'strict'): CanonicalVerdict {
  if (isCanonicalText(text, strictness)) return { ok: true, text }
  try {
    return { ok: true, text: new Rewriter(text, strictness).rewrite() }
  } catch (error) {
    if (error instanceof NotCanonicalizable) return { ok: false, reason: error.message }
    throw error
  }
}

/** Leaves the rewriting from wherever it is; never leaves this file. */
class NotCanonicalizable extends Error {}

/** An object (with keys) or list that is not closed yet, its values in canonical form. */
interface Open {
  readonly keys: string[] | undefined
  readonly values: string[]
}

const BLANKS = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const WORD = /true|false|null/y

class Rewriter {
  readonly #text: string
  readonly #strict: boolean
  readonly #open: Open[] = []
  #at = 0

  constructor(text: string, strictness: Strictness) {
    this.#text = text
    this.#strict = strictness === 'strict'
  }

  rewrite(): string {
    for (;;) {
      let value = this.#valueOrOpen()
      while (value !== undefined) {
        const container = this.#open.at(-1)
        if (container === undefined) return this.#whole(value)
        container.values.push(value)
        value = this.#closed(container)
      }
    }
  }

  /** A scalar or empty container in canonical form; undefined when a container was opened instead. */
  #valueOrOpen(): string | undefined {
    const c = this.#peek()
    if (c === '"') return JSON.stringify(this.#string())
    if (c !== '{' && c !== '[') return this.#take(WORD) ?? this.#number()
    this.#at++
    if (this.#peek() === (c === '{' ? '}' : ']')) {
      this.#at++
      return c === '{' ? '{}' : '[]'
    }
    if (this.#open.length === MAX_JSON_DEPTH) this.#refuse(`nests deeper than ${MAX_JSON_DEPTH}`)
    this.#open.push({ keys: c === '{' ? [] : undefined, values: [] })
    if (c === '{') this.#key()
    return undefined
  }

  /** After a value: the canonical form of the container when it closes here, else undefined. */
  #closed(container: Open): string | undefined {
    const c = this.#peek()
    this.#at++
    if (c === ',') {
      if (container.keys) this.#key()
      return undefined
    }
    if (c !== (container.keys ? '}' : ']')) this.#refuse('no JSON')
    this.#open.pop()
    return container.keys ? objectText(container.keys, container.values) : listText(container.values)
  }

  #key(): void {
    if (this.#peek() !== '"') this.#refuse('no JSON: a key is missing')
    this.#open.at(-1)?.keys?.push(this.#string())
    if (this.#peek() !== ':') this.#refuse('no JSON: a colon is missing')
    this.#at++
  }

  #string(): string {
    const end = endOfString(this.#text, this.#at)
    const value = unquoted(this.#text.slice(this.#at, end))
    if (value === undefined) return this.#refuse('no JSON: a string is malformed')
    if (!value.isWellFormed()) return this.#refuse('a string holds half of a surrogate pair')
    this.#at = end
    return value
  }

  #number(): string {
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (match === null) return this.#refuse('no JSON')
    const [text, fraction, exponent] = match
    if (this.#strict) {
      if (fraction !== undefined || exponent !== undefined) this.#refuse(`${shown(text)} is no integer`)
      if (text === '-0') this.#refuse('-0 is not allowed')
      if (!Number.isSafeInteger(Number(text))) this.#refuse(`${shown(text)} is beyond 2^53 - 1`)
    }
    this.#at += text.length
    return text === '-0' ? '0' : text
  }

  #whole(value: string): string {
    this.#peek()
    return this.#at === this.#text.length ? value : this.#refuse('no JSON: more follows the value')
  }

  /** The next character that is no blank. */
  #peek(): string | undefined {
    BLANKS.lastIndex = this.#at
    BLANKS.test(this.#text)
    this.#at = BLANKS.lastIndex
    return this.#text[this.#at]
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const start = this.#at
    if (!pattern.test(this.#text)) return undefined
    this.#at = pattern.lastIndex
    return this.#text.slice(start, this.#at)
  }

  #refuse(why: string): never {
    throw new NotCanonicalizable(`${why} (at ${this.#at})`)
  }
}

/** The place after the string that starts at `i`, or after the text. */
function endOfString(text: string, i: number): number {
  for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++
  return i + 1
}

function unquoted(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return undefined
  }
}

function shown(number: string): string {
  return number.length <= 40 ? number : `${number.slice(0, 40)}…`
}

// Appending makes V8 remember the parts and copy them once, at the end: nested containers stay linear.
function listText(values: readonly string[]): string {
  let text = ''
  for (const value of values) text += text === '' ? `[${value}` : `,${value}`
  return `${text}]`
}

function objectText(keys: readonly string[], values: readonly string[]): string {
  const order = keys.map((_, index) => index)
  order.sort((a, b) => compareCodePoints(keys[a] as string, keys[b] as string) || a - b)
  let text = ''
  for (const [place, index] of order.entries()) {
    const next = order[place + 1]
    if (next !== undefined && keys[next] === keys[index]) continue
    text += `${text === '' ? '{' : ','}${JSON.stringify(keys[index])}:${values[index] as string}`
  }
  return `${text}}`
}
