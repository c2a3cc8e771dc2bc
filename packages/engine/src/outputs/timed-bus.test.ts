import type { Bus } from '@roomserver/producers'
import { expect, it, vi } from 'vitest'
import { timedBus } from './timed-bus.ts'

// Beside the tests of all buses in `fault-points.test.ts`.
it('tells how long a message took, once it is stored', async () => {
  const bus = { publish: async () => ({ sequence: 5, isDuplicate: false }) } as unknown as Bus
  const took: number[] = []
  const now = vi.spyOn(performance, 'now').mockReturnValueOnce(1_000).mockReturnValueOnce(1_030)
  const timed = timedBus(bus, (ms) => took.push(ms))
  const storing = timed.publish({ id: '1', roomId: '!r:a', payload: '{}' }, 4)
  expect(took).toEqual([])
  await storing
  now.mockRestore()
  expect(took).toEqual([30])
})
