import { silentLogger } from '@roomserver/types'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { MaintenanceOptions } from '../options.ts'
import { type MaintainedParts, startMaintenance } from './maintenance.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Surroundings {
  readonly isShared?: boolean
  readonly deliversOutputs?: boolean
  /** The purge that the store has. */
  readonly purge?: { readonly step: string; readonly stepAgeMs: number }
  /** Methods that the store does not have. */
  readonly without?: readonly string[]
}

/** Starts the work on a store, lets all of it begin, ends it, and tells what of the store and the engine was called. */
async function worked(
  options: MaintenanceOptions | false,
  { isShared = false, deliversOutputs = false, purge, without = [] }: Surroundings = {},
) {
  const calls = new Set<string>()
  const called =
    <Result>(name: string, result: Result) =>
    async (work?: unknown) => {
      calls.add(name.endsWith('Lease') ? `${name} ${String(work)}` : name)
      return result
    }
  let looks = 0
  const store = {
    takeLease: called('takeLease', true),
    releaseLease: called('releaseLease', undefined),
    dropExpiredLeases: called('dropExpiredLeases', undefined),
    dropTransactions: called('dropTransactions', 0),
    purges: async () => (looks++ === 0 && purge !== undefined ? [{ roomId: '!r:a', ...purge }] : []),
    recentHistoryPurges: called('recentHistoryPurges', []),
    hasOutputs: called('hasOutputs', false),
    detachRoom: called('detachRoom', true),
    enterPurgeStep: called('enterPurgeStep', undefined),
    filePages: called('filePages', undefined),
    returnPages: called('returnPages', 0),
    scrubbed: called('scrubbed', 0),
    setScrubbed: called('setScrubbed', undefined),
    rooms: called('rooms', []),
    checkRoom: called('checkRoom', undefined),
    noteUnreferenced: called('noteUnreferenced', undefined),
    collectUnreferenced: called('collectUnreferenced', { kind: 'collected' }),
  }
  const storage = Object.fromEntries(Object.entries(store).filter(([name]) => !without.includes(name)))
  const input = {
    resume: called('resume', undefined),
    takeOver: called('takeOver', undefined),
    blockedRooms: { refresh: called('refresh', undefined) },
  }
  const dummyEvents = {
    sent: 0,
    mergeExtremities: called('mergeExtremities', undefined),
    onUrgent: () => undefined,
  }
  const parts = { storage, input, dummyEvents, log: silentLogger, isShared, deliversOutputs }
  const work = startMaintenance(parts as unknown as MaintainedParts, options)
  await vi.advanceTimersByTimeAsync(10_000)
  await work[Symbol.asyncDispose]()
  const done = [...calls]
  calls.clear()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([...calls]).toEqual([])
  expect(work.scrubber).toMatchObject({ checkedRooms: 0, findings: 0 })
  return done
}

it('resumes input, forgets transactions, merges extremities, purges, returns space and checks rooms', async () => {
  expect(await worked({})).toEqual(
    expect.arrayContaining([
      'resume',
      'takeOver',
      'dropExpiredLeases',
      'dropTransactions',
      'mergeExtremities',
      'recentHistoryPurges',
      'refresh',
      'filePages',
      'collectUnreferenced',
      'releaseLease scrubber',
    ]),
  )
})

it('does nothing for a tool that says so', async () => {
  expect(await worked(false)).toEqual([])
})

it('checks no rooms where that is switched off, or the store cannot', async () => {
  expect(await worked({ scrubbedRoomsPerMinute: 0 })).not.toContain('takeLease scrubber')
  expect(await worked({}, { without: ['noteUnreferenced'] })).not.toContain('takeLease scrubber')
})

it('returns no space of a store that is not a file', async () => {
  expect(await worked({}, { without: ['returnPages'] })).not.toContain('filePages')
})

it('purges in one of the processes on a database, and without asking in the only one', async () => {
  expect(await worked({})).not.toContain('takeLease purges')
  expect(await worked({}, { isShared: true })).toEqual(
    expect.arrayContaining(['takeLease purges', 'releaseLease purges']),
  )
})

it.each([
  [false, {}, 'waiting', 0, true],
  [false, {}, 'settling', 0, true],
  [true, {}, 'waiting', 5_999, false],
  [true, {}, 'waiting', 6_000, true],
  [true, {}, 'settling', 59_999, false],
  [true, {}, 'settling', 60_000, true],
  [true, { noticeMs: 0 }, 'waiting', 0, true],
  [true, { noticeMs: 0 }, 'settling', 0, false],
  [false, { settleMs: 5 }, 'settling', 4, false],
])(
  'shared: %s, with %j, a purge that is %s for %i ms goes on: %s',
  async (isShared, purges, step, stepAgeMs, goesOn) => {
    const calls = await worked({ purges }, { isShared, purge: { step, stepAgeMs } })
    expect(calls.includes(step === 'waiting' ? 'detachRoom' : 'enterPurgeStep')).toBe(goesOn)
  },
)

it('lets a purge wait for the message server only where outputs go to one', async () => {
  const purge = { step: 'waiting', stepAgeMs: 0 }
  expect(await worked({}, { purge })).not.toContain('hasOutputs')
  expect(await worked({}, { purge, deliversOutputs: true })).toContain('hasOutputs')
})
