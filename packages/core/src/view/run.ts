import { type Suspendable, drive } from '@roomserver/types'
import type { Need } from './need.ts'
import type { RecordCache } from './record-cache.ts'
import { View } from './view.ts'

/** Gives other work of the process a turn. */
export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Runs a computation over a view of its own, loading what it asks for, in slices that leave the event loop free. */
export function runOnView<Result>(
  cache: RecordCache,
  compute: (view: View) => Suspendable<Need, Result>,
): Promise<Result> {
  const view = new View(cache)
  return drive(compute(view), (need) => view.load(need), yieldToEventLoop)
}
