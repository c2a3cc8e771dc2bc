import { type Logger, silentLogger } from '@roomserver/types'
import { afterEach, expect, it, vi } from 'vitest'
import type { PurgeParts } from './purge-parts.ts'
import { startPurges } from './purge-rooms.ts'

afterEach(() => void vi.useRealTimers())

type Purge = Awaited<ReturnType<PurgeParts['storage']['purges']>>[number]

const HOUR = 3_600_000

const purgeAt = (step: Purge['step'], stepAgeMs: number, more: Partial<Purge> = {}): Purge => ({
  roomId: '!r:a',
  roomNid: 7 as Purge['roomNid'],
  by: '@admin:a',
  isForced: false,
  step,
  reason: '',
  events: 3,
  deletedEvents: 0,
  sinceTs: 0,
  stepTs: 0,
  stepAgeMs,
  ...more,
})

interface Surroundings {
  readonly deliversOutputs?: boolean
  readonly hasOutputs?: boolean
  readonly slices?: number
}

/** What is done about a purge as it stands, in the order in which it is done. */
async function stepsOf(
  purge: Purge,
  { deliversOutputs = false, hasOutputs = false, slices = 2 }: Surroundings = {},
) {
  const calls: string[] = []
  const looked = Promise.withResolvers<void>()
  let looks = 0
  const log: Logger = {
    ...silentLogger,
    info: (fields, text) => calls.push(`${text} ${JSON.stringify(fields)}`),
  }
  const storage = {
    purges: async () => {
      if (looks++ === 0) return [purge]
      looked.resolve()
      return []
    },
    hasOutputs: async (roomId: string) => {
      calls.push(`asks for outputs of ${roomId}`)
      return hasOutputs
    },
    detachRoom: async () => calls.push('takes the room out') > 0,
    purgeRows: async function* () {
      for (let slice = 0; slice < slices; slice++) {
        calls.push('deletes a slice')
        yield
      }
    },
    enterPurgeStep: async (_purge: Purge, step: string) => calls.push(`enters ${step}`),
    dropPurge: async (roomId: string) => void calls.push(`forgets ${roomId}`),
    recentHistoryPurges: async () => [],
  }
  const input = { blockedRooms: { refresh: async () => void calls.push('reads the blocked rooms') } }
  const parts = { storage, input, log, isShared: false, deliversOutputs } as unknown as PurgeParts
  const working = startPurges(parts, { noticeMs: 6_000, settleMs: 60_000 })
  // Only deleting stops half-way; whatever else is begun is done before the end.
  if (purge.step === 'deleting') await looked.promise
  await working[Symbol.asyncDispose]()
  return calls
}

const OUT = 'takes the room out'
const ASKS = 'asks for outputs of !r:a'
const DELETED = [
  'deletes a slice',
  'deletes a slice',
  'enters settling',
  'purged a room {"room_id":"!r:a","events":3,"requester":"@admin:a"}',
]
const DONE = ['reads the blocked rooms', 'enters done', 'reads the blocked rooms']

it.each<readonly [string, Purge, Surroundings, readonly string[]]>([
  ['of which others are still to learn', purgeAt('waiting', 5_999), {}, []],
  ['of which all have learned', purgeAt('waiting', 6_000), {}, [OUT]],
  ['whose outputs wait', purgeAt('waiting', 6_000), { deliversOutputs: true, hasOutputs: true }, [ASKS]],
  ['whose outputs are delivered', purgeAt('waiting', 6_000), { deliversOutputs: true }, [ASKS, OUT]],
  [
    'whose outputs have waited for ten minutes',
    purgeAt('waiting', 600_000),
    { deliversOutputs: true, hasOutputs: true },
    [ASKS],
  ],
  [
    'whose outputs have waited for longer than that',
    purgeAt('waiting', 600_001),
    { deliversOutputs: true, hasOutputs: true },
    [OUT],
  ],
  [
    'that does not wait for outputs',
    purgeAt('waiting', 6_000, { isForced: true }),
    { deliversOutputs: true, hasOutputs: true },
    [OUT],
  ],
  ['that was taken out', purgeAt('deleting', 0), {}, DELETED],
  ['of which nothing is left', purgeAt('deleting', 0), { slices: 0 }, DELETED.slice(2)],
  ['that others may have cached', purgeAt('settling', 59_999), {}, []],
  ['that nobody has cached any more', purgeAt('settling', 60_000), {}, DONE],
  ['that was done a day ago', purgeAt('done', 24 * HOUR), {}, []],
  ['that was done before that', purgeAt('done', 24 * HOUR + 1), {}, ['forgets !r:a']],
  ['that was refused a day ago', purgeAt('refused', 24 * HOUR), {}, []],
  ['that was refused before that', purgeAt('refused', 24 * HOUR + 1), {}, ['forgets !r:a']],
])('takes the step of a purge %s', async (_what, purge, surroundings, steps) => {
  expect(await stepsOf(purge, surroundings)).toEqual(steps)
})

it('reads which rooms are blocked every five seconds, and says so when it cannot, until its end', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const refresh = vi.fn<() => Promise<void>>().mockResolvedValue().mockRejectedValueOnce(new Error('away'))
  const said: unknown[] = []
  const log: Logger = { ...silentLogger, warn: (fields, text) => said.push([fields, text]) }
  const storage = { purges: async () => [], recentHistoryPurges: async () => [] }
  const parts = {
    storage,
    input: { blockedRooms: { refresh } },
    log,
    isShared: false,
    deliversOutputs: false,
  }
  const working = startPurges(parts as unknown as PurgeParts, { noticeMs: 0, settleMs: 0 })
  await vi.advanceTimersByTimeAsync(4_999)
  expect(refresh).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(5_001)
  expect(refresh).toHaveBeenCalledTimes(2)
  expect(said).toEqual([[{ err: new Error('away') }, 'could not read purged rooms; will retry']])
  await working[Symbol.asyncDispose]()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(refresh).toHaveBeenCalledTimes(2)
})

/** Parts over a store whose purges are answered one after another. */
function partsOver(purges: () => Promise<readonly Purge[]>, log: Logger = silentLogger): PurgeParts {
  const storage = {
    purges,
    detachRoom: async () => true,
    recentHistoryPurges: async () => [],
  }
  const input = { blockedRooms: { refresh: async () => undefined } }
  return { storage, input, log, isShared: false, deliversOutputs: false } as unknown as PurgeParts
}

it('goes on at once as long as there is something that can be done', async () => {
  const done = Promise.withResolvers<void>()
  let looks = 0
  const parts = partsOver(async () => {
    if (++looks === 60) done.resolve()
    return [purgeAt('waiting', 0)]
  })
  const working = startPurges(parts, { noticeMs: 0, settleMs: 0 })
  await done.promise
  await working[Symbol.asyncDispose]()
  // It stops with what it is at.
  expect(looks).toBeLessThan(63)
})

it('says that it could not, and ends in order', async () => {
  const said: unknown[] = []
  const log: Logger = { ...silentLogger, warn: (fields, text) => said.push([fields, text]) }
  const purges = vi.fn(() => Promise.reject(new Error('away')))
  const working = startPurges(partsOver(purges, log), { noticeMs: 0, settleMs: 0 })
  await working[Symbol.asyncDispose]()
  expect(said).toEqual([[{ err: new Error('away') }, 'could not purge a room; will retry']])
  expect(purges).toHaveBeenCalledTimes(1)
})
