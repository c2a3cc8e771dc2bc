import { expect, it, vi } from 'vitest'
import { ownSection } from '../config/own-section.ts'
import { maxExtremitiesOf, keepExtremitiesMerged } from './merge-extremities.ts'

it.each([
  ['nothing is said', {}, 10],
  // Else one server could have it grow without bound in the profile that most run.
  ['the reference is to be taken the place of', { compatibility: 'dendrite-2022' }, 10],
  ['it is the server of today', { compatibility: 'current' }, 10],
  ['a number is said', { compatibility: 'dendrite-2022', max_extremities: 3 }, 3],
  ['it is switched off', { compatibility: 'current', max_extremities: 0 }, Number.POSITIVE_INFINITY],
])('knows how many forward extremities a room may have when %s', (_when, section, expected) => {
  expect(maxExtremitiesOf(ownSection.parse(section))).toBe(expected)
})

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
