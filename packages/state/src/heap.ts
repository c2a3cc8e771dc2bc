/** A priority queue: {@link Heap.pop} takes out the least by `compare`. O(log n). */
export class Heap<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  /** The least item, left in its place. */
  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let place = items.length
    items.push(item)
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = items[above] as T
      if (this.#compare(parent, item) <= 0) break
      items[place] = parent
      place = above
    }
    items[place] = item
  }

  pop(): T | undefined {
    const least = this.#items[0]
    const last = this.#items.pop()
    if (last !== undefined && this.#items.length > 0) this.#sink(last)
    return least
  }

  /** Puts `item` into the empty place at the top and lets it sink to where it belongs. */
  #sink(item: T): void {
    const items = this.#items
    let place = 0
    for (;;) {
      let below = 2 * place + 1
      if (below >= items.length) break
      if (below + 1 < items.length && this.#compare(items[below + 1] as T, items[below] as T) < 0) below++
      const child = items[below] as T
      if (this.#compare(item, child) <= 0) break
      items[place] = child
      place = below
    }
    items[place] = item
  }
}
