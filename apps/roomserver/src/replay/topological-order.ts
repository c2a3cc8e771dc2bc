/** What an order needs to know of an event. */
export interface Ordered {
  readonly eventId: string
  readonly prevEvents: readonly string[]
  readonly authEvents: readonly string[]
  readonly depth: number
  readonly originServerTs: number
}

/**
 * Events in an order in which each comes after those that it builds on or references, as far as they are there; else by
 * depth, time and ID, so that the order does not depend on that of the input. Members of a circle, which no honest
 * server makes, come last. O(n log n).
 */
export function topologicalOrder<E extends Ordered>(events: readonly E[]): readonly E[] {
  const byId = new Map(events.map((event) => [event.eventId, event]))
  const dependants = new Map<E, E[]>()
  const waitsFor = new Map<E, number>()
  for (const event of byId.values()) {
    const needed = new Set([...event.prevEvents, ...event.authEvents].flatMap((id) => byId.get(id) ?? []))
    needed.delete(event)
    waitsFor.set(event, needed.size)
    for (const earlier of needed) {
      const known = dependants.get(earlier)
      if (known === undefined) dependants.set(earlier, [event])
      else known.push(event)
    }
  }
  return drain([...byId.values()].toSorted(compare), dependants, waitsFor)
}

function drain<E extends Ordered>(
  sorted: readonly E[],
  dependants: ReadonlyMap<E, readonly E[]>,
  waitsFor: Map<E, number>,
): readonly E[] {
  const rank = new Map(sorted.map((event, index) => [event, index]))
  const ready = new Heap<E>((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))
  for (const event of sorted) if (waitsFor.get(event) === 0) ready.push(event)
  const order: E[] = []
  const taken = new Set<E>()
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    order.push(next)
    taken.add(next)
    for (const dependant of dependants.get(next) ?? []) {
      const left = (waitsFor.get(dependant) ?? 0) - 1
      waitsFor.set(dependant, left)
      if (left === 0) ready.push(dependant)
    }
  }
  return [...order, ...sorted.filter((event) => !taken.has(event))]
}

function compare(a: Ordered, b: Ordered): number {
  return a.depth - b.depth || a.originServerTs - b.originServerTs || (a.eventId < b.eventId ? -1 : 1)
}

/** A binary heap: the least element comes out first. */
class Heap<E> {
  readonly #items: E[] = []
  readonly #compare: (a: E, b: E) => number

  constructor(compareItems: (a: E, b: E) => number) {
    this.#compare = compareItems
  }

  push(item: E): void {
    this.#items.push(item)
    let child = this.#items.length - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (this.#inOrder(parent, child)) return
      this.#swap(parent, child)
      child = parent
    }
  }

  pop(): E | undefined {
    const top = this.#items[0]
    const last = this.#items.pop()
    if (last === undefined || this.#items.length === 0) return top
    this.#items[0] = last
    let parent = 0
    for (;;) {
      const left = 2 * parent + 1
      const least = left + 1 < this.#items.length && !this.#inOrder(left, left + 1) ? left + 1 : left
      if (least >= this.#items.length || this.#inOrder(parent, least)) return top
      this.#swap(parent, least)
      parent = least
    }
  }

  #inOrder(a: number, b: number): boolean {
    const first = this.#items[a]
    const second = this.#items[b]
    return first === undefined || second === undefined || this.#compare(first, second) <= 0
  }

  #swap(a: number, b: number): void {
    const first = this.#items[a]
    const second = this.#items[b]
    if (first === undefined || second === undefined) return
    this.#items[a] = second
    this.#items[b] = first
  }
}
