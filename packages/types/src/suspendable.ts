import { monotonicNow } from './ports.ts'

/**
 * A computation that asks for what it lacks. It yields what has to be loaded before it can go on, and yields
 * `undefined` now and then as a yield point, so that a long one never blocks the event loop. Its driver loads (or
 * waits a turn) and resumes it; with everything at hand it is an ordinary function of its input.
 */
export type Suspendable<Need, Result> = Generator<Need | undefined, Result, void>

/**
 * Runs a computation to its end with everything already at hand.
 *
 * @throws {Error} when it asks for something
 */
export function finish<Need, Result>(computation: Suspendable<Need, Result>): Result {
  for (;;) {
    const step = computation.next()
    if (step.done === true) return step.value
    if (step.value !== undefined) throw new Error(`not available: ${JSON.stringify(step.value)}`)
  }
}

/** When a computation yields. */
export interface Pace {
  /** How long it may run before others get a turn. */
  readonly sliceMs?: number
  /** Milliseconds since whenever. */
  readonly now?: () => number
}

/**
 * Runs a computation: loads its needs, and yields to others at its yield points.
 *
 * @param yieldToEventLoop - told whether the computation has not given way before
 */
export async function drive<Need, Result>(
  computation: Suspendable<Need, Result>,
  load: (need: Need) => Promise<void>,
  yieldToEventLoop: (isFirst: boolean) => Promise<void>,
  { sliceMs = 5, now = monotonicNow }: Pace = {},
): Promise<Result> {
  let sliceEnd = now() + sliceMs
  let isFirst = true
  for (;;) {
    const step = computation.next()
    if (step.done === true) return step.value
    // What is loaded may be at hand, so that nobody had a turn meanwhile.
    if (step.value !== undefined) await load(step.value)
    if (now() < sliceEnd) continue
    await yieldToEventLoop(isFirst)
    isFirst = false
    sliceEnd = now() + sliceMs
  }
}
