import { afterEach, expect, it, vi } from 'vitest'
import { comesTrue } from './output-leases.ts'

afterEach(() => void vi.restoreAllMocks())

it.each([1, 2, 4])('waits for what is so at look %i', async (look) => {
  let looks = 0
  expect(await comesTrue(async () => ++looks === look)).toBe(true)
  expect(looks).toBe(look)
})

it('waits a second longer than a process that was killed keeps its lease', async () => {
  const times = [1_000, 1_000, 6_999, 7_000]
  const now = vi.spyOn(performance, 'now').mockImplementation(() => times.shift() ?? Number.NaN)
  let looks = 0
  const comes = comesTrue(() => {
    looks++
    return false
  })
  expect(await comes).toBe(false)
  now.mockRestore()
  expect([looks, times]).toEqual([3, []])
})
