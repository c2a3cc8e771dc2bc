import type { DummyEvents } from '@roomserver/core'

/** How often rooms with too many extremities are looked after. */
const INTERVAL_MS = 10_000

/** How long one with far too many waits. */
const URGENT_MS = 1_000

/** Brings the forward extremities of rooms together now and then; rooms in which that does not help wait for their next event. */
export function keepExtremitiesMerged(dummyEvents: DummyEvents): AsyncDisposable {
  let running = Promise.resolve()
  let isBusy = false
  let urgent: NodeJS.Timeout | undefined
  const mergeExtremities = (): void => {
    if (isBusy) return
    isBusy = true
    running = dummyEvents.mergeExtremities().finally(() => (isBusy = false))
  }
  const timer = setInterval(mergeExtremities, INTERVAL_MS)
  dummyEvents.onUrgent(() => {
    urgent ??= setTimeout(() => {
      urgent = undefined
      mergeExtremities()
    }, URGENT_MS)
  })
  return {
    [Symbol.asyncDispose]: async () => {
      dummyEvents.onUrgent(() => undefined)
      clearInterval(timer)
      clearTimeout(urgent)
      await running
    },
  }
}
