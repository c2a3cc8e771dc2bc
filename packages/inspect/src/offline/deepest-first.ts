import type { Pdu } from '@roomserver/events'

/** Events of which the one of the greatest depth comes first: a binary heap. */
export class DeepestFirst {
  readonly #heap: Pdu[] = []

  add(pdu: Pdu): void {
    const heap = this.#heap
    let at = heap.length
    for (; at > 0; ) {
      const above = (at - 1) >> 1
      const other = heap[above]
      if (other === undefined || other.depth >= pdu.depth) break
      heap[at] = other
      at = above
    }
    heap[at] = pdu
  }

  /** The next one; `undefined`: there is none. */
  take(): Pdu | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
      const isRight = right !== undefined && left !== undefined && right.depth > left.depth
      const child = isRight ? right : left
      if (child === undefined || child.depth <= last.depth) break
      heap[at] = child
      at = 2 * at + (isRight ? 2 : 1)
    }
    heap[at] = last
    return first
  }
}
