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
