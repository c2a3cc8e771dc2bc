import { drive, LoopShare, type Suspendable } from '@roomserver/types'
import type { Need } from './record-kinds.ts'
import type { RecordCache } from './record-cache.ts'
import { View } from './view.ts'

/** The process has one event loop, of which all long questions have one share, however many they are. */
const share = new LoopShare(setImmediate)

/** How long a question is worked on before others that wait are worked on: most take less. */
export const SLICE_MS = 1

/**
 * Gives other work of the process a turn where there is no time left in this one, or somebody waits.
 *
 * @param isFirst - whoever calls it has not waited before in this work
 */
export const yieldToEventLoop = (isFirst = false): Promise<void> => share.rest(isFirst)

/**
 * Runs a computation over a view of its own, loading what it asks for, in slices that leave the event loop free.
 *
 * @param gone - says that nobody waits for the result any more
 * @throws the reason of `gone`, where the computation would go on after others had their turn
 */
export function runOnView<Result>(
  cache: RecordCache,
  compute: (view: View) => Suspendable<Need, Result>,
  gone?: AbortSignal,
): Promise<Result> {
  const view = new View(cache)
  const rest = async (isFirst: boolean) => {
    await yieldToEventLoop(isFirst)
    gone?.throwIfAborted()
  }
  return drive(compute(view), (need) => view.load(need), rest, { sliceMs: SLICE_MS })
}
