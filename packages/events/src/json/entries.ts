import { codePointRank, compareCodePoints } from './code-points.ts'

const BACKSLASH = 0x5c
const QUOTE = 0x22
/** Up to so many members, sorting by insertion is faster. */
const FEW = 24

/**
 * What has been read of the containers that are still open: their entries, innermost container last. An entry is four
 * numbers, start and end of the key between its quotes (0, 0 in a list) and of the value. A start below 0 stands for a
 * text that has to be put there, because what was read isn't canonical.
 */
export class Entries {
  readonly places: number[] = []
  readonly #text: string
  readonly #rewritten: string[] = []

  constructor(text: string) {
    this.#text = text
  }

  /** Keeps a text to put in place of what was read; returns the start that stands for it. */
  rewrite(text: string): number {
    return -this.#rewritten.push(text)
  }

  /** The canonical text of a key or value. */
  textAt(start: number, end: number): string {
    return start < 0 ? (this.#rewritten[-start - 1] as string) : this.#text.slice(start, end)
  }

  /** Compares the keys of two entries by code point. */
  compareKeys(a: number, b: number): number {
    const text = this.#text
    const aStart = this.places[a] as number
    const bStart = this.places[b] as number
    if (aStart < 0 || bStart < 0) return this.#compareDecoded(a, b)
    for (let i = 0; ; i++) {
      const x = text.charCodeAt(aStart + i)
      const y = text.charCodeAt(bStart + i)
      if (x === BACKSLASH || y === BACKSLASH) return this.#compareDecoded(a, b)
      if (x !== y) return rank(x) - rank(y)
      if (x === QUOTE) return 0
    }
  }

  #compareDecoded(a: number, b: number): number {
    return compareCodePoints(this.#key(a), this.#key(b))
  }

  #key(entry: number): string {
    return JSON.parse(this.keyText(entry)) as string
  }

  /** The entries of the object that starts with entry `first`, sorted by key; of equal keys the last. */
  sorted(first: number): number[] {
    const isSmall = this.places.length - first <= 4 * FEW
    return isSmall ? this.#sortedByInsertion(first) : this.#sortedAtLength(first)
  }

  /** Keys may be long, so that few comparisons count for more than few moves: one where an entry is in its place. */
  #sortedByInsertion(first: number): number[] {
    const order: number[] = []
    for (let entry = first; entry < this.places.length; entry += 4) {
      const place = this.#placeFor(entry, order)
      const before = order[place - 1]
      if (before !== undefined && this.compareKeys(before, entry) === 0) order[place - 1] = entry
      else order.splice(place, 0, entry)
    }
    return order
  }

  /** Behind the last of the sorted entries that is not greater. */
  #placeFor(entry: number, order: readonly number[]): number {
    let low = 0
    let high = order.length
    for (let middle = high - 1; low < high; middle = (low + high) >> 1) {
      if (this.compareKeys(order[middle] as number, entry) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #sortedAtLength(first: number): number[] {
    const order: number[] = []
    for (let entry = first; entry < this.places.length; entry += 4) order.push(entry)
    order.sort((a, b) => this.compareKeys(a, b) || a - b)
    return order.filter((entry, i) => {
      const next = order[i + 1]
      return next === undefined || this.compareKeys(entry, next) !== 0
    })
  }

  /** The canonical text of the object that starts with entry `first`. */
  objectText(first: number): string {
    // Appending makes V8 remember the parts and copy them once, at the end: nested containers stay linear.
    let text = ''
    for (const entry of this.sorted(first)) {
      text += `${text === '' ? '{' : ','}${this.keyText(entry)}:${this.valueText(entry)}`
    }
    return text === '' ? '{}' : `${text}}`
  }

  /** The canonical text of the list that starts with entry `first`. */
  listText(first: number): string {
    let text = ''
    for (let entry = first; entry < this.places.length; entry += 4) {
      text += `${text === '' ? '[' : ','}${this.valueText(entry)}`
    }
    return text === '' ? '[]' : `${text}]`
  }

  /** The key with its quotes. */
  keyText(entry: number): string {
    const start = this.places[entry] as number
    return start < 0
      ? this.textAt(start, 0)
      : this.#text.slice(start - 1, (this.places[entry + 1] as number) + 1)
  }

  valueText(entry: number): string {
    return this.textAt(this.places[entry + 2] as number, this.places[entry + 3] as number)
  }
}

/** A key's end sorts before anything that could follow. Within a key a quote has a backslash before it. */
function rank(unit: number): number {
  return unit === QUOTE ? -1 : codePointRank(unit)
}
