import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Deliveries } from './deliveries.ts'

// The test holds the clock.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const row = (roomId: string, seq: number) => ({ position: seq, roomId, seq })

/** What a wait came to, as far as it did without time passing. */
async function now(wait: Promise<boolean>): Promise<boolean | 'waits'> {
  let result: boolean | 'waits' = 'waits'
  void wait.then((isDelivered) => (result = isDelivered))
  await vi.advanceTimersByTimeAsync(0)
  return result
}

it('answers at once for what was delivered, and has others wait for the number that they want', async () => {
  const deliveries = new Deliveries()
  deliveries.add([row('!a', 1), row('!a', 2), row('!b', 7)])
  expect(await now(deliveries.wait('!a', 1, 1_000))).toBe(true)
  expect(await now(deliveries.wait('!a', 2, 1_000))).toBe(true)
  const [third, fourth, other] = [
    deliveries.wait('!a', 3, 1_000),
    deliveries.wait('!a', 4, 1_000),
    deliveries.wait('!c', 1, 1_000),
  ]
  deliveries.add([row('!a', 3)])
  expect([await now(third), await now(fourth), await now(other)]).toEqual([true, 'waits', 'waits'])
  deliveries.add([row('!a', 5)])
  expect([await now(fourth), await now(other)]).toEqual([true, 'waits'])
  expect(vi.getTimerCount()).toBe(1)
})

it('gives each its time, and no more', async () => {
  const deliveries = new Deliveries()
  const [short, long] = [deliveries.wait('!a', 1, 100), deliveries.wait('!a', 1, 200)]
  await vi.advanceTimersByTimeAsync(99)
  expect([await now(short), await now(long)]).toEqual(['waits', 'waits'])
  await vi.advanceTimersByTimeAsync(1)
  expect([await now(short), await now(long)]).toEqual([false, 'waits'])
  deliveries.add([row('!a', 1)])
  expect(await now(long)).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})

it('lets everybody go when nothing is going to be delivered soon, and has new ones wait', async () => {
  const deliveries = new Deliveries()
  const waiting = [
    deliveries.wait('!a', 1, 1_000),
    deliveries.wait('!a', 2, 1_000),
    deliveries.wait('!b', 1, 1_000),
  ]
  deliveries.giveUp()
  expect(await Promise.all(waiting)).toEqual([false, false, false])
  expect(vi.getTimerCount()).toBe(0)
  const next = deliveries.wait('!a', 1, 1_000)
  expect(await now(next)).toBe('waits')
  deliveries.add([row('!a', 1)])
  expect(await now(next)).toBe(true)
})

it('remembers ten thousand rooms, and forgets the one longest without news with one more', async () => {
  const deliveries = new Deliveries()
  deliveries.add(Array.from({ length: 10_000 }, (_, at) => row(`!${at}`, 1)))
  expect(await now(deliveries.wait('!0', 1, 0))).toBe(true)
  deliveries.add([row('!0', 2)])
  deliveries.add([row('!one more', 1)])
  expect(await now(deliveries.wait('!0', 2, 1_000))).toBe(true)
  expect(await now(deliveries.wait('!1', 1, 1_000))).toBe('waits')
  expect(await now(deliveries.wait('!2', 1, 1_000))).toBe(true)
  expect(await now(deliveries.wait('!one more', 1, 1_000))).toBe(true)
})
