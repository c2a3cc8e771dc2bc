import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WakeUp } from './wake-up.ts'

// The test holds the clock: time passes only where it says so.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const HOUR_MS = 3_600_000

/** Whether a wait is over, once everything that is due has run. */
async function isOver(wait: Promise<void>): Promise<boolean> {
  let over = false
  void wait.then(() => {
    over = true
  })
  await vi.advanceTimersByTimeAsync(0)
  return over
}

it('does not lose a call that comes before anybody waits', async () => {
  const wakeUp = new WakeUp()
  wakeUp.call()
  expect(await isOver(wakeUp.wait(HOUR_MS))).toBe(true)
})

it('keeps one early call, however many there were', async () => {
  const wakeUp = new WakeUp()
  wakeUp.call()
  wakeUp.call()
  expect(await isOver(wakeUp.wait(HOUR_MS))).toBe(true)
  expect(await isOver(wakeUp.wait(HOUR_MS))).toBe(false)
})

it('is woken by the call and not by the time', async () => {
  const wakeUp = new WakeUp()
  const waiting = wakeUp.wait(HOUR_MS)
  expect(await isOver(waiting)).toBe(false)
  wakeUp.call()
  expect(await isOver(waiting)).toBe(true)
})

it('wakes everybody who waits, and does not keep that call for the next', async () => {
  const wakeUp = new WakeUp()
  const waiting = [wakeUp.wait(HOUR_MS), wakeUp.wait(HOUR_MS)]
  wakeUp.call()
  expect(await Promise.all(waiting.map(isOver))).toEqual([true, true])
  expect(await isOver(wakeUp.wait(HOUR_MS))).toBe(false)
})

it('keeps a call for the next to wait also when nobody waits any more', async () => {
  const wakeUp = new WakeUp()
  const waiting = wakeUp.wait(1_000)
  await vi.advanceTimersByTimeAsync(1_000)
  await waiting
  wakeUp.call()
  expect(await isOver(wakeUp.wait(HOUR_MS))).toBe(true)
  expect(await isOver(wakeUp.wait(HOUR_MS))).toBe(false)
})

it('waits no longer than it was told', async () => {
  const waiting = new WakeUp().wait(1_000)
  await vi.advanceTimersByTimeAsync(999)
  expect(await isOver(waiting)).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await isOver(waiting)).toBe(true)
})

it('ends with the signal, also one that was given before', async () => {
  const stop = new AbortController()
  const waiting = new WakeUp().wait(HOUR_MS, stop.signal)
  expect(await isOver(waiting)).toBe(false)
  stop.abort()
  expect(await isOver(waiting)).toBe(true)
  expect(await isOver(new WakeUp().wait(HOUR_MS, stop.signal))).toBe(true)
})

it('leaves no timer behind when it was called, and does not hear the signal any more', async () => {
  const wakeUp = new WakeUp()
  const stop = new AbortController()
  const waiting = wakeUp.wait(HOUR_MS, stop.signal)
  wakeUp.call()
  await waiting
  expect(vi.getTimerCount()).toBe(0)
  stop.abort()
  expect(await isOver(wakeUp.wait(HOUR_MS))).toBe(false)
})
