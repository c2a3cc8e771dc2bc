import { expect, it, vi } from 'vitest'
import { ownSection } from '../config/own-section.ts'
import { maxEndsOf, tendForks } from './tend-forks.ts'

it.each([
  ['nothing is said', {}, 10],
  // Else one server could have it grow without bound in the profile that most run.
  ['the reference is to be taken the place of', { compatibility: 'dendrite-2022' }, 10],
  ['it is the server of today', { compatibility: 'current' }, 10],
  ['a number is said', { compatibility: 'dendrite-2022', max_extremities: 3 }, 3],
  ['it is switched off', { compatibility: 'current', max_extremities: 0 }, Number.POSITIVE_INFINITY],
])('knows how many ends a room may have when %s', (_when, section, expected) => {
  expect(maxEndsOf(ownSection.parse(section))).toBe(expected)
})

it('tends every ten seconds, once at a time, and waits for the last at the end', async () => {
  vi.useFakeTimers()
  let calls = 0
  let finish: (() => void) | undefined
  const tend = () => {
    calls++
    return new Promise<void>((resolve) => (finish = resolve))
  }
  const tended = tendForks({ sent: 0, tend })
  vi.advanceTimersByTime(35_000)
  expect(calls).toBe(1)
  const closed = tended[Symbol.asyncDispose]()
  finish?.()
  await closed
  vi.advanceTimersByTime(60_000)
  expect(calls).toBe(1)
  vi.useRealTimers()
})
