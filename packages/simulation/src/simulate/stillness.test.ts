import { expect, it, onTestFinished, vi } from 'vitest'
import { unlessStill } from './stillness.ts'

const LOOK_MS = 10

/** Watches work while the test says what passes, and how much of it the event loop works. */
function watched(work: Promise<string>) {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const use = { active: 0, idle: 0 }
  vi.spyOn(performance, 'eventLoopUtilization').mockImplementation(() => ({ ...use, utilization: 0 }))
  onTestFinished(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
  })
  const state: { outcome: unknown } = { outcome: 'watched' }
  void unlessStill(work, LOOK_MS).then((outcome) => (state.outcome = outcome))
  return {
    state,
    looks: async (count: number, active: number, idle: number) => {
      Object.assign(use, { active, idle })
      await vi.advanceTimersByTimeAsync(count * LOOK_MS)
    },
  }
}

it('gives what work ends with, and watches no longer', async () => {
  const { state, looks } = watched(Promise.resolve('done'))
  await looks(1, 0, LOOK_MS)
  expect(state.outcome).toEqual({ result: 'done' })
  expect(vi.getTimerCount()).toBe(0)
})

it('takes an event loop that was still for twenty looks in a row for one in which nothing comes any more', async () => {
  const { state, looks } = watched(new Promise(() => undefined))
  await looks(19, 4, 6)
  await looks(1, 5, 5)
  await looks(19, 4, 6)
  expect(state.outcome).toBe('watched')
  await looks(1, 4, 6)
  expect(state.outcome).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})

it.each([
  ['goes on and on', 9, 1],
  ['has the loop for itself, so that it is not looked at', 0, 0],
])('waits for work that %s', async (_what, active, idle) => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const { state, looks } = watched(promise)
  await looks(1_000, active, idle)
  expect(state.outcome).toBe('watched')
  resolve('done')
  await looks(1, active, idle)
  expect(state.outcome).toEqual({ result: 'done' })
})
