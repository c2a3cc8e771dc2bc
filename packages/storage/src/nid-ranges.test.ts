import type { Nids } from '@roomserver/types'
import { expect, it } from 'vitest'
import { NidRanges } from './nid-ranges.ts'

/** A counters table; `other` is another process that takes from it in between. */
function counters() {
  const next = new Map<keyof Nids, number>()
  const takes: number[] = []
  const take = async (kind: keyof Nids, count: number): Promise<number> => {
    const first = next.get(kind) ?? 65_536
    next.set(kind, first + count)
    takes.push(count)
    return first
  }
  return { take, takes }
}

it('hands NIDs out one after another and takes larger and larger ranges', async () => {
  const { take, takes } = counters()
  const ranges = new NidRanges(take)
  const nids: number[] = []
  for (let i = 0; i < 1_000; i++) nids.push(await ranges.allocate('event', 1))
  expect(nids).toEqual(Array.from({ length: 1_000 }, (_, at) => 65_536 + at))
  expect(takes).toEqual([64, 128, 256, 512, 1_024])
})

it('gives consecutive NIDs also where another process took some in between', async () => {
  const { take } = counters()
  const ranges = new NidRanges(take)
  await ranges.allocate('block', 60)
  await take('block', 1)
  expect(await ranges.allocate('block', 10)).toBe(65_536 + 64 + 1)
  expect(await ranges.allocate('block', 1)).toBe(65_536 + 64 + 11)
})

it('keeps the kinds apart', async () => {
  const ranges = new NidRanges(counters().take)
  expect(await ranges.allocate('room', 1)).toBe(65_536)
  expect(await ranges.allocate('event', 1)).toBe(65_536)
})

it('goes on after the database was down', async () => {
  const { take } = counters()
  let isDown = true
  const ranges = new NidRanges((kind, count) =>
    isDown ? Promise.reject(new Error('the database is down')) : take(kind, count),
  )
  await expect(ranges.allocate('event', 1)).rejects.toThrow('down')
  isDown = false
  expect(await ranges.allocate('event', 1)).toBe(65_536)
})
