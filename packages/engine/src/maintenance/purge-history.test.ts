import { type HistoryPurgeRecord, type Logger, RoomserverError, silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { purgeHistories } from './purge-history.ts'
import type { PurgeParts } from './purge-parts.ts'

const purgeAt = (step: HistoryPurgeRecord['step'], roomId = '!r:a') =>
  ({ roomId, step, by: '@admin:a', events: 3 }) as HistoryPurgeRecord

interface Surroundings {
  readonly deliversOutputs?: boolean
  readonly hasOutputs?: boolean
  readonly failure?: Error
  /** Whether it is to stop: before it begins, or after the first slice. */
  readonly stop?: 'before' | 'first slice'
}

/** What is done about purges as they stand, in the order in which it is done, and whether any came further. */
async function steps(purges: readonly HistoryPurgeRecord[], surroundings: Surroundings = {}) {
  const { deliversOutputs = false, hasOutputs = false, failure, stop } = surroundings
  const calls: string[] = []
  const stopping = new AbortController()
  if (stop === 'before') stopping.abort()
  const slices = async function* (what: string, roomId: string) {
    if (failure !== undefined) throw failure
    for (let slice = 0; slice < 2; slice++) {
      calls.push(`${what} of ${roomId}`)
      if (stop === 'first slice') stopping.abort()
      yield
    }
  }
  const storage = {
    recentHistoryPurges: async () => purges,
    removeHistory: ({ roomId }: HistoryPurgeRecord, { slice }: { readonly slice: number }) =>
      slices(`takes ${slice} out`, roomId),
    deleteHistory: ({ roomId }: HistoryPurgeRecord, slice: number) => slices(`deletes ${slice}`, roomId),
    hasOutputsOfHistory: async () => {
      calls.push('asks for outputs')
      return hasOutputs
    },
    enterHistoryPurgeStep: async (roomId: string, step: string) =>
      void calls.push(`${roomId} enters ${step}`),
    dropHistoryPurge: async (roomId: string) => void calls.push(`forgets ${roomId}`),
  }
  const say = (fields: object, text: string) => void calls.push(`${text} ${JSON.stringify(fields)}`)
  const log: Logger = { ...silentLogger, info: say, warn: say }
  const input = { blockedRooms: { refresh: async () => void calls.push('reads the blocked rooms') } }
  const parts = { storage, input, log, isShared: false, deliversOutputs } as unknown as PurgeParts
  const isChanged = await purgeHistories(parts, stopping.signal)
  return { isChanged, calls }
}

const REMOVED = ['takes 250 out of !r:a', 'takes 250 out of !r:a', '!r:a enters deleting']
const DELETED = [
  'deletes 250 of !r:a',
  'deletes 250 of !r:a',
  'reads the blocked rooms',
  '!r:a enters done',
  'purged the history of a room {"room_id":"!r:a","events":3,"requester":"@admin:a"}',
]
const ASKS = 'asks for outputs'
const GONE = new RoomserverError('ROOM_NOT_FOUND', { roomId: '!r:a' }, 'no room')
const FORGOTTEN = [
  'forgets !r:a',
  'stopped purging the history of a room, which is not stored any more {"room_id":"!r:a"}',
]

it.each<readonly [string, HistoryPurgeRecord, Surroundings, boolean, readonly string[]]>([
  ['whose events are in the graph', purgeAt('removing'), {}, true, REMOVED],
  ['whose events are out of it', purgeAt('deleting'), {}, true, DELETED],
  ['whose outputs wait', purgeAt('deleting'), { deliversOutputs: true, hasOutputs: true }, false, [ASKS]],
  ['whose outputs are delivered', purgeAt('deleting'), { deliversOutputs: true }, true, [ASKS, ...DELETED]],
  ['whose outputs go nowhere', purgeAt('deleting'), { hasOutputs: true }, true, DELETED],
  ['that is done', purgeAt('done'), {}, false, []],
  ['of a room that is gone', purgeAt('removing'), { failure: GONE }, true, FORGOTTEN],
  ['of a room that went meanwhile', purgeAt('deleting'), { failure: GONE }, true, FORGOTTEN],
  ['that is to stop', purgeAt('removing'), { stop: 'before' }, false, []],
  ['that is stopped', purgeAt('removing'), { stop: 'first slice' }, false, REMOVED.slice(0, 1)],
  ['that is stopped later', purgeAt('deleting'), { stop: 'first slice' }, false, DELETED.slice(0, 1)],
])('takes the step of a purge of history %s', async (_what, purge, surroundings, isChanged, calls) => {
  expect(await steps([purge], surroundings)).toEqual({ isChanged, calls })
})

it('goes through all purges, and says whether any came further', async () => {
  const { isChanged, calls } = await steps([
    purgeAt('deleting', '!one:a'),
    purgeAt('done'),
    purgeAt('removing'),
  ])
  expect(isChanged).toBe(true)
  expect(calls.filter((call) => call.includes('enters'))).toEqual([
    '!one:a enters done',
    '!r:a enters deleting',
  ])
  expect(await steps([])).toEqual({ isChanged: false, calls: [] })
})

it('fails with the store', async () => {
  await expect(steps([purgeAt('removing')], { failure: new Error('away') })).rejects.toThrow('away')
})
