import { expect, it } from 'vitest'
import { chunks, pages } from './pages.ts'

/** Rows as a table has them, with NIDs from 1 on; notes what is read. */
function table(count: number) {
  const rows = Array.from({ length: count }, (_, at) => ({ nid: at + 1 }))
  const reads: (readonly [number, number])[] = []
  const read = async (after: number, limit: number) => {
    reads.push([after, limit])
    return rows.filter(({ nid }) => nid > after).slice(0, limit)
  }
  return { rows, reads, read }
}

async function sizes<T>(chunks: AsyncIterable<readonly T[]>): Promise<readonly number[]> {
  const found: number[] = []
  for await (const chunk of chunks) found.push(chunk.length)
  return found
}

it.each([
  [0, [], 1],
  [1, [1], 1],
  [100, [100], 2],
  [101, [100, 1], 2],
  [250, [100, 100, 50], 3],
])('reads %i rows by pages of a hundred', async (count, expected, readCount) => {
  const { reads, read } = table(count)
  expect(await sizes(pages(read))).toEqual(expected)
  expect(reads).toHaveLength(readCount)
  expect(reads.every(([, limit]) => limit === 100)).toBe(true)
})

it('reads each row once, also where NIDs have holes', async () => {
  const nids = [3, 70_000, 2 ** 40]
  const found: number[] = []
  const read = async (after: number) => nids.filter((nid) => nid > after).map((nid) => ({ nid }))
  for await (const page of pages(read)) found.push(...page.map(({ nid }) => nid))
  expect(found).toEqual(nids)
})

it.each([
  [0, 8, []],
  [8, 8, [8]],
  [9, 8, [8, 1]],
  [101, undefined, [100, 1]],
])('cuts a list of %i into pieces', async (count, size, expected) => {
  const list = table(count).rows
  expect(await sizes(chunks(list, size))).toEqual(expected)
  const all: unknown[] = []
  for await (const chunk of chunks(list, size)) all.push(...chunk)
  expect(all).toEqual(list)
})

it('lets others have a turn between two pages, and between two pieces', async () => {
  const order: string[] = []
  for await (const page of pages(table(101).read)) {
    order.push(`page of ${page.length}`)
    setImmediate(() => order.push('other'))
  }
  for await (const chunk of chunks([1, 2], 1)) {
    order.push(`piece of ${chunk.length}`)
    setImmediate(() => order.push('other'))
  }
  expect(order).toEqual([
    'page of 100',
    'other',
    'page of 1',
    'other',
    'piece of 1',
    'other',
    'piece of 1',
    'other',
  ])
})
