import { expect, it } from 'vitest'
import { Portions } from './commit-pacing.ts'

/** In how many turns of the event loop those who asked at once go on, and in which order. */
async function turnsOf(portions: Portions, count: number): Promise<readonly (readonly number[])[]> {
  const turns: number[][] = []
  let open: number[] = []
  const gone = Array.from({ length: count }, (_, number) => portions.next().then(() => open.push(number)))
  const all = Promise.all(gone).then(() => true)
  while (!(await Promise.race([all, new Promise((resolve) => setImmediate(resolve))]))) {
    if (open.length > 0) turns.push(open)
    open = []
  }
  return open.length > 0 ? [...turns, open] : turns
}

it('lets a portion go on in each turn, in order, where commits are the work of another process', async () => {
  const turns = await turnsOf(new Portions({ commitsElsewhere: true }), 40)
  expect(turns.length).toBeGreaterThan(2)
  expect(turns.flat()).toEqual(Array.from({ length: 40 }, (_, number) => number))
  expect(Math.max(...turns.map((turn) => turn.length))).toBeLessThan(20)
})

it.each([
  [1, [1]],
  [12, [12]],
  [13, [12, 1]],
  [25, [12, 12, 1]],
])('of %i who are ready at once, each has a turn', async (count, sizes) => {
  const turns = await turnsOf(new Portions({ commitsElsewhere: true }), count)
  expect(turns.map((turn) => turn.length)).toEqual(sizes)
})

it('lets everybody go on at once where commits hold the process up', async () => {
  expect(await turnsOf(new Portions({ commitsElsewhere: false }), 40)).toHaveLength(1)
})

it('waits again for who comes later', async () => {
  const portions = new Portions({ commitsElsewhere: true })
  await portions.next()
  expect(await turnsOf(portions, 2)).toEqual([[0, 1]])
})
