import { Heap } from '../../heap.ts'
import type { Check } from './check.ts'

/** The checks that are to be made again, to be taken out in their order. */
export class OpenChecks {
  readonly #open = new Set<Check>()
  #queue = new Heap<Check>(compareLabels)

  add(check: Check): void {
    if (this.#open.has(check)) return
    this.#open.add(check)
    this.#queue.push(check)
  }

  /** Leaves out checks that have no place in the order any more. */
  remove(checks: readonly Check[]): void {
    for (const check of checks) this.#open.delete(check)
    // They must not stay in the queue either: their labels do not count any more.
    this.#queue = new Heap(compareLabels)
    for (const check of this.#open) this.#queue.push(check)
  }

  /** Takes out the first one if it is that of a power event, or if it is not. */
  take(isPower: boolean): Check | undefined {
    if (this.#queue.peek()?.isPower !== isPower) return undefined
    const check = this.#queue.pop()
    if (check !== undefined) this.#open.delete(check)
    return check
  }

  clear(): void {
    this.#open.clear()
    this.#queue = new Heap(compareLabels)
  }
}

function compareLabels(a: Check, b: Check): number {
  return a.label - b.label
}
