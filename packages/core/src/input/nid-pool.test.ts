import type { Nids } from '@roomserver/types'
import { expect, it } from 'vitest'
import { NidPool } from './nid-pool.ts'

function counting(): { readonly pool: NidPool; readonly allocations: () => number } {
  let next = 1
  let count = 0
  const allocate = async <K extends keyof Nids>(_kind: K, amount: number): Promise<Nids[K]> => {
    count++
    next += amount
    return (next - amount) as Nids[K]
  }
  return { pool: new NidPool({ allocate }), allocations: () => count }
}

it('fetches again when a range is used up that was asked for more often than needed', async () => {
  const { pool, allocations } = counting()
  const taken = new Set<number>()
  for (let i = 0; i < 2_500; i++) {
    await pool.fetch('snapshot')
    const nid = pool.take('snapshot')
    expect(nid).toBeDefined()
    taken.add(nid ?? 0)
  }
  expect(taken.size).toBe(2_500)
  expect(allocations()).toBe(3)
})

it('fetches one range for all who wait for it', async () => {
  const { pool, allocations } = counting()
  await Promise.all(Array.from({ length: 10 }, () => pool.fetch('event')))
  expect(allocations()).toBe(1)
  expect(pool.take('event')).toBe(1)
})

it('gives a number again that was given back, before new ones, and once', async () => {
  const { pool, allocations } = counting()
  await pool.fetch('room')
  expect([pool.take('room'), pool.take('room')]).toEqual([1, 2])
  pool.giveBack(1 as Nids['room'])
  expect([pool.take('room'), pool.take('room')]).toEqual([1, 3])
  expect(allocations()).toBe(1)
})

it('keeps kinds apart, and has none that it did not fetch', async () => {
  const { pool, allocations } = counting()
  await Promise.all([pool.fetch('event'), pool.fetch('block')])
  expect([pool.take('event'), pool.take('block'), pool.take('room')]).toEqual([1, 1_001, undefined])
  expect(allocations()).toBe(2)
  for (let i = 1; i < 1_000; i++) expect(pool.take('event')).toBe(i + 1)
  expect(pool.take('event')).toBeUndefined()
})

it('fetches again after a failure', async () => {
  let attempts = 0
  const pool = new NidPool({
    allocate: async () => {
      if (++attempts === 1) throw new Error('down')
      return 7 as never
    },
  })
  await expect(Promise.all([pool.fetch('event'), pool.fetch('event')])).rejects.toThrow('down')
  expect(attempts).toBe(1)
  await pool.fetch('event')
  expect(pool.take('event')).toBe(7)
})
