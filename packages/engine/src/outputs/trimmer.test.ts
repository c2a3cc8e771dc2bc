import { openStorage } from '@roomserver/storage'
import { type Logger, silentLogger } from '@roomserver/types'
import { expect, it, vi } from 'vitest'
import { openOutputs } from './open-outputs.ts'
import { startTrimmer } from './trimmer.ts'

const RETENTION = { maxCount: 1, maxBytes: 2, maxAgeMs: 3 }

it('drops outputs slice by slice as long as there are more, and then rests', async () => {
  const trimOutputs = vi.fn(async () => ({ dropped: 0, bytes: 9 }))
  trimOutputs
    .mockResolvedValueOnce({ dropped: 500, bytes: 7 })
    .mockResolvedValueOnce({ dropped: 499, bytes: 8 })
  const trimmer = startTrimmer({ trimOutputs }, RETENTION, silentLogger)
  expect(trimmer.bytes).toBe(0)
  await expect.poll(() => trimmer.bytes).toBe(8)
  expect(trimOutputs.mock.calls).toEqual(
    Array.from({ length: 2 }, () => [RETENTION, expect.any(Number), 500]),
  )
  await trimmer[Symbol.asyncDispose]()
  expect(trimOutputs).toHaveBeenCalledTimes(2)
})

it('says that outputs could not be dropped, and ends in order all the same', async () => {
  const said: unknown[] = []
  const log: Logger = { ...silentLogger, warn: (fields, text) => said.push([fields, text]) }
  const trimmer = startTrimmer({ trimOutputs: () => Promise.reject(new Error('away')) }, RETENTION, log)
  await expect
    .poll(() => said)
    .toEqual([[{ err: new Error('away') }, 'could not drop old outputs; will retry']])
  await trimmer[Symbol.asyncDispose]()
})

it.each([
  [{}, { maxCount: 1_000_000, maxBytes: 2_147_483_648, maxAgeMs: 2_592_000_000 }],
  [{ maxCount: 7 }, { maxCount: 7, maxBytes: 2_147_483_648, maxAgeMs: 2_592_000_000 }],
  [RETENTION, RETENTION],
])('keeps of the log in the database what %j says', async (options, retention) => {
  await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const trimOutputs = vi.fn(storage.trimOutputs)
  const source = { storage: { ...storage, trimOutputs }, isShared: false, log: silentLogger }
  await using outputs = await openOutputs(source, { kind: 'log', ...options })
  await expect.poll(() => trimOutputs.mock.calls.length).toBe(1)
  expect(trimOutputs.mock.calls[0]?.[0]).toEqual(retention)
  expect(outputs.logBytes?.()).toBe(0)
  expect([outputs.status, outputs.whenDelivered, outputs.isDelivered]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
