import { expect, it } from 'vitest'
import { paged } from './paged.ts'

const numbers = async (count: number, limit: number) => {
  const reads: number[] = []
  const pages: (readonly number[])[] = []
  const list = {
    read: async (after: number, atMost: number) => {
      reads.push(after)
      return Array.from({ length: Math.min(atMost, count - after) }, (_, index) => after + index + 1)
    },
    keyOf: (number: number) => number,
    first: 0,
    limit,
  }
  for await (const page of paged(list)) pages.push(page)
  return { reads, pages }
}

it('reads a list a page at a time, until a page is not full', async () => {
  expect(await numbers(5, 2)).toEqual({ reads: [0, 2, 4], pages: [[1, 2], [3, 4], [5]] })
  expect(await numbers(1, 2)).toEqual({ reads: [0], pages: [[1]] })
})

it('gives no empty page, after full ones or alone', async () => {
  expect(await numbers(4, 2)).toEqual({
    reads: [0, 2, 4],
    pages: [
      [1, 2],
      [3, 4],
    ],
  })
  expect(await numbers(0, 2)).toEqual({ reads: [0], pages: [] })
})
