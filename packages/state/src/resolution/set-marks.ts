import type { EventNode } from './event-node.ts'

const BITS = 32

/** For every node, which of the state sets have it in their auth chain, as far as a walk has got. */
export class SetMarks {
  readonly #words: number
  readonly #lastWord: number
  #bits: Uint32Array
  /** Nodes that are known to be reached by every set, so that no bits have to be looked at. */
  readonly #full = new Set<EventNode>()

  constructor(setCount: number) {
    this.#words = Math.max(1, Math.ceil(setCount / BITS))
    const rest = setCount % BITS
    this.#lastWord = rest === 0 ? 0xff_ff_ff_ff : 2 ** rest - 1
    this.#bits = new Uint32Array(this.#words * 256)
  }

  /** Notes that the sets from number `from` up to, not including, `to` reach the node. */
  add(node: EventNode, from: number, to: number): void {
    this.#reserve(node)
    const base = node.index * this.#words
    for (let set = from; set < to; ) {
      const word = Math.floor(set / BITS)
      const end = Math.min(to, (word + 1) * BITS)
      const count = end - set
      const mask = count === BITS ? 0xff_ff_ff_ff : (2 ** count - 1) << (set % BITS)
      this.#bits[base + word] = (this.#bits[base + word] ?? 0) | mask
      set = end
    }
  }

  /** Notes that every set that reaches `from` reaches `to`; tells whether that is news. */
  spread(from: EventNode, to: EventNode): boolean {
    if (this.#full.has(to)) return false
    this.#reserve(from)
    this.#reserve(to)
    let isNews = false
    for (let word = 0; word < this.#words; word++) {
      const at = to.index * this.#words + word
      const before = this.#bits[at] ?? 0
      const after = (before | (this.#bits[from.index * this.#words + word] ?? 0)) >>> 0
      if (after === before) continue
      this.#bits[at] = after
      isNews = true
    }
    return isNews
  }

  /** Notes that every set reaches the node. */
  fill(node: EventNode): void {
    this.#reserve(node)
    this.#full.add(node)
    for (let word = 0; word < this.#words; word++)
      this.#bits[node.index * this.#words + word] = this.#fullWord(word)
  }

  /** Whether every set reaches the node. */
  isFull(node: EventNode): boolean {
    if (this.#full.has(node)) return true
    for (let word = 0; word < this.#words; word++) {
      if ((this.#bits[node.index * this.#words + word] ?? 0) !== this.#fullWord(word)) return false
    }
    this.#full.add(node)
    return true
  }

  #fullWord(word: number): number {
    return word === this.#words - 1 ? this.#lastWord : 0xff_ff_ff_ff
  }

  #reserve(node: EventNode): void {
    const needed = (node.index + 1) * this.#words
    if (needed <= this.#bits.length) return
    const grown = new Uint32Array(needed * 2)
    grown.set(this.#bits)
    this.#bits = grown
  }
}
