import { expect, it, vi } from 'vitest'
import { keepExtremitiesMerged } from './merge-extremities.ts'

it('tends every ten seconds, once at a time, and waits for the last at the end', async () => {
  vi.useFakeTimers()
  let calls = 0
  let finish: (() => void) | undefined
  const mergeExtremities = () => {
    calls++
    return new Promise<void>((resolve) => (finish = resolve))
  }
  const merged = keepExtremitiesMerged({ sent: 0, mergeExtremities, onUrgent: () => undefined })
  vi.advanceTimersByTime(35_000)
  expect(calls).toBe(1)
  const closed = merged[Symbol.asyncDispose]()
  finish?.()
  await closed
  vi.advanceTimersByTime(60_000)
  expect(calls).toBe(1)
  vi.useRealTimers()
})

it('tends within a second where a room has far too many, and only as often where that does not help', async () => {
  vi.useFakeTimers()
  let calls = 0
  const urgent: { call?: () => void } = {}
  const mergeExtremities = async () => {
    calls++
  }
  await using _merging = keepExtremitiesMerged({
    sent: 0,
    mergeExtremities,
    onUrgent: (call) => (urgent.call = call),
  })
  for (let event = 0; event < 100; event++) urgent.call?.()
  expect(calls).toBe(0)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(calls).toBe(1)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(calls).toBe(1)
  urgent.call?.()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(calls).toBe(2)
  vi.useRealTimers()
})
