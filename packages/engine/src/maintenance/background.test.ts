import { type Logger, silentLogger } from '@roomserver/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { forgetTransactions } from './forget-transactions.ts'
import { keepExtremitiesMerged } from './merge-extremities.ts'
import { resumeInbox } from './resume-inbox.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A log, and what was warned of. */
function warning(): { readonly log: Logger; readonly said: unknown[] } {
  const said: unknown[] = []
  return { log: { ...silentLogger, warn: (fields, text) => said.push([fields, text]) }, said }
}

const settled = () => vi.advanceTimersByTimeAsync(0)

it('forgets transactions of the day before, a thousand at a time, now and every ten minutes', async () => {
  const dropTransactions = vi.fn<(olderThanMs: number, slice: number) => Promise<number>>()
  dropTransactions.mockResolvedValue(0).mockResolvedValueOnce(1_000).mockResolvedValueOnce(999)
  const { log, said } = warning()
  const forgetting = forgetTransactions({ dropTransactions }, log)
  await settled()
  expect(dropTransactions.mock.calls).toEqual([
    [86_400_000, 1_000],
    [86_400_000, 1_000],
  ])
  await vi.advanceTimersByTimeAsync(599_999)
  expect(dropTransactions).toHaveBeenCalledTimes(2)
  dropTransactions.mockRejectedValueOnce(new Error('away'))
  await vi.advanceTimersByTimeAsync(1)
  expect(dropTransactions).toHaveBeenCalledTimes(3)
  expect(said).toEqual([[{ err: new Error('away') }, 'could not drop old transactions; will retry']])
  await vi.advanceTimersByTimeAsync(600_000)
  expect(dropTransactions).toHaveBeenCalledTimes(4)
  await forgetting[Symbol.asyncDispose]()
  await vi.advanceTimersByTimeAsync(6_000_000)
  expect(dropTransactions).toHaveBeenCalledTimes(4)
})

it('ends with the slice of transactions that it is at', async () => {
  const slice = Promise.withResolvers<number>()
  const dropTransactions = vi.fn(() => slice.promise)
  const forgetting = forgetTransactions({ dropTransactions }, silentLogger)
  const ended = forgetting[Symbol.asyncDispose]()
  slice.resolve(1_000)
  await ended
  expect(dropTransactions).toHaveBeenCalledTimes(1)
})

it('resumes its own input at once, and takes over that of others every five seconds, whatever fails', async () => {
  const resume = vi.fn<() => Promise<void>>().mockRejectedValue(new Error('one'))
  const takeOver = vi.fn<() => Promise<void>>().mockResolvedValue().mockRejectedValueOnce(new Error('three'))
  const dropExpiredLeases = vi.fn<(sinceMs: number) => Promise<void>>().mockRejectedValue(new Error('two'))
  const { log, said } = warning()
  const resuming = resumeInbox({ resume, takeOver }, { dropExpiredLeases }, log)
  await settled()
  expect([resume.mock.calls.length, takeOver.mock.calls.length]).toEqual([1, 0])
  expect(dropExpiredLeases.mock.calls).toEqual([[3_600_000]])
  await vi.advanceTimersByTimeAsync(4_999)
  expect(takeOver).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(5_001)
  expect(takeOver).toHaveBeenCalledTimes(2)
  const text = 'could not resume queued input; will retry'
  expect(said).toEqual(['one', 'two', 'three'].map((why) => [{ err: new Error(why) }, text]))
  resuming[Symbol.dispose]()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([resume.mock.calls.length, takeOver.mock.calls.length]).toEqual([1, 2])
})

it('merges no extremities after its end, also where a room was urgent before or is later', async () => {
  const mergeExtremities = vi.fn(async () => undefined)
  const urgent: { call?: () => void } = {}
  const merging = keepExtremitiesMerged({
    sent: 0,
    mergeExtremities,
    onUrgent: (call) => void (urgent.call = call),
  })
  urgent.call?.()
  await merging[Symbol.asyncDispose]()
  urgent.call?.()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(mergeExtremities).not.toHaveBeenCalled()
})
