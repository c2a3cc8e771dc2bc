import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Heap } from './heap.ts'

/** Numbers, some of them equal, told apart by when they came. */
interface Item {
  readonly rank: number
  readonly nth: number
}

it('gives out the least each time, whatever came and went before', () => {
  const steps = fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (ranks) => {
      const heap = new Heap<Item>((a, b) => a.rank - b.rank)
      const left = new Set<Item>()
      for (const [nth, rank] of ranks.entries()) {
        if (rank !== null) {
          const item = { rank, nth }
          heap.push(item)
          left.add(item)
        } else {
          const least = Math.min(...Array.from(left, (item) => item.rank))
          expect(heap.peek()?.rank ?? Infinity).toBe(least)
          const popped = heap.pop()
          expect(popped?.rank ?? Infinity).toBe(least)
          expect(popped === undefined ? left.size === 0 : left.delete(popped)).toBe(true)
        }
        expect(heap.size).toBe(left.size)
      }
    }),
  )
})

it('compares no more often than its depth for each that comes or goes', () => {
  let compared = 0
  const heap = new Heap<number>((a, b) => (compared++, a - b))
  const count = 1_000
  for (let i = 0; i < count; i++) heap.push((i * 7_919) % count)
  expect(compared).toBeLessThanOrEqual(count * 10)
  compared = 0
  const order: number[] = []
  for (let least = heap.pop(); least !== undefined; least = heap.pop()) order.push(least)
  expect(order).toEqual(Array.from({ length: count }, (_, i) => i))
  expect(compared).toBeLessThanOrEqual(count * 20)
})
