import { setTimeout as wait } from 'node:timers/promises'

/**
 * Goes through work that is done in slices, resting after each for as long as it took.
 *
 * @returns false: it was stopped before the end
 */
export async function inSlices(slices: AsyncIterable<void>, signal: AbortSignal): Promise<boolean> {
  let begun = performance.now()
  for await (const _ of slices) {
    if (signal.aborted) return false
    await pause(performance.now() - begun, signal)
    begun = performance.now()
  }
  return !signal.aborted
}

/** Waits, unless it is to stop. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false }).catch(() => undefined)
}
