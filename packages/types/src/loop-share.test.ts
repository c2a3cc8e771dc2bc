import { expect, it } from 'vitest'
import { LoopShare } from './loop-share.ts'

const nextTurn = (begin: () => void): void => void setTimeout(begin)

/** Keeps the loop busy. */
function work(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

it('lets others have a turn between pieces of work, however many do some at the same time', async () => {
  const share = new LoopShare(nextTurn, 5)
  let pieces = 0
  const worker = async () => {
    for (let piece = 0; piece < 10; piece++) {
      await share.rest()
      work(1)
      pieces++
    }
  }
  const workers = Promise.all(Array.from({ length: 20 }, worker))
  const seen: number[] = []
  while (pieces < 200) {
    await new Promise<void>(nextTurn)
    seen.push(pieces)
  }
  await workers
  // 200 ms of work were done in slices of 5, and not in one.
  expect(Math.max(...seen.map((count, index) => count - (seen[index - 1] ?? 0)))).toBeLessThan(20)
})

it('lets those who wait go in the order in which they came', async () => {
  const share = new LoopShare(nextTurn, 1)
  const order: number[] = []
  const all = Array.from({ length: 3_000 }, async (_, index) => {
    await share.rest()
    order.push(index)
    if (index % 100 === 0) work(2)
    // What comes later in the same turn does not overtake those that wait.
    if (index === 500) all.push(share.rest().then(() => void order.push(3_000)))
  })
  await Promise.all(all)
  await Promise.all(all)
  expect(order).toEqual(Array.from({ length: 3_001 }, (_, index) => index))
})

it('keeps nobody waiting while there is time', async () => {
  const share = new LoopShare(nextTurn, 1_000)
  let isDone = false
  const done = (async () => {
    for (let piece = 0; piece < 1_000; piece++) await share.rest()
    isDone = true
  })()
  for (let tick = 0; tick < 5_000 && !isDone; tick++) await Promise.resolve()
  expect(isDone).toBe(true)
  await done
})
