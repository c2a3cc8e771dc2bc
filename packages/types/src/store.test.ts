import { expect, it } from 'vitest'
import type { RoomNid } from './nids.ts'
import { isRejected, newRoom, NO_CHANGES } from './store.ts'

it('counts as rejected what was refused, and neither what waits outside nor what failed softly', () => {
  const verdicts = [
    'outlier',
    'accepted',
    'soft-failed',
    'rejected-by-auth-events',
    'rejected-by-state',
  ] as const
  expect(verdicts.filter(isRejected)).toEqual(['rejected-by-auth-events', 'rejected-by-state'])
})

it('knows nothing of a new room but its names', () => {
  expect(newRoom({ nid: 7 as RoomNid, roomId: '!a:b.test', version: '10' })).toEqual({
    nid: 7,
    roomId: '!a:b.test',
    version: '10',
    revision: 0,
    extremities: [],
    current: 0,
    lastSent: 0,
    depth: 0,
    outputSeq: 0,
    purgedDepth: 0,
  })
})

it('changes nothing with a write set that is only begun', () => {
  expect(Object.values(NO_CHANGES).flat()).toEqual([])
})
