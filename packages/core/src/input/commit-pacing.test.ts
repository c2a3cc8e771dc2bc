import { expect, it } from 'vitest'
import { CommitPacing } from './commit-pacing.ts'

/** In how many turns of the event loop those who asked at once go on, and in which order. */
async function batchesOf(pacing: CommitPacing, count: number): Promise<readonly (readonly number[])[]> {
  const batches: number[][] = []
  let open: number[] = []
  const gone = Array.from({ length: count }, (_, number) => pacing.next().then(() => open.push(number)))
  const all = Promise.all(gone).then(() => true)
  while (!(await Promise.race([all, new Promise((resolve) => setImmediate(resolve))]))) {
    if (open.length > 0) batches.push(open)
    open = []
  }
  return open.length > 0 ? [...batches, open] : batches
}

it('lets a portion go on in each turn, in order, where commits are the work of another process', async () => {
  const batches = await batchesOf(new CommitPacing({ commitsElsewhere: true }), 40)
  expect(batches.length).toBeGreaterThan(2)
  expect(batches.flat()).toEqual(Array.from({ length: 40 }, (_, number) => number))
  expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThan(20)
})

it.each([
  [1, [1]],
  [12, [12]],
  [13, [12, 1]],
  [25, [12, 12, 1]],
])('of %i who are ready at once, each has a turn', async (count, sizes) => {
  const batches = await batchesOf(new CommitPacing({ commitsElsewhere: true }), count)
  expect(batches.map((batch) => batch.length)).toEqual(sizes)
})

it('lets everybody go on at once where commits hold the process up', async () => {
  expect(await batchesOf(new CommitPacing({ commitsElsewhere: false }), 40)).toHaveLength(1)
})

it('waits again for who comes later', async () => {
  const pacing = new CommitPacing({ commitsElsewhere: true })
  await pacing.next()
  expect(await batchesOf(pacing, 2)).toEqual([[0, 1]])
})
