import { expect, it } from 'vitest'
import { excuseOf, truthOf } from '../../test/traffic/findings.ts'
import type { Truth } from './departure.ts'

const ROOM = '!room:a'

it('excuses that an event is not announced which the rules refuse, in its own room, and none else', () => {
  const truth = truthOf({ isRefused: (room, id) => room === ROOM && id === '$refused' })
  const excuse = (id: string, problem: 'missing' | 'extra', request = ROOM) =>
    excuseOf({ of: `output new_room_event ${id}`, problem, request }, truth)
  expect(excuse('$refused', 'missing')).toBe('refused-by-the-rules')
  expect(excuse('$accepted', 'missing')).toBeUndefined()
  expect(excuse('$refused', 'extra')).toBeUndefined()
  expect(excuse('$refused', 'missing', '!other:a')).toBeUndefined()
})

it('excuses that the chain of what was sent leaves a refused event out', () => {
  const truth = truthOf({ isRefused: (room, id) => room === ROOM && id === '$refused' })
  const excuse = (expected: string, path = 'last_sent_event_id') =>
    excuseOf(
      {
        of: 'output new_room_event $next',
        problem: 'content',
        difference: { path, expected, got: '$before' },
      },
      truth,
    )
  expect(excuse('$refused')).toBe('refused-by-the-rules')
  expect(excuse('$accepted')).toBeUndefined()
  expect(excuse('$refused', 'latest_event_ids')).toBeUndefined()
})

it('excuses that an old event is not announced which a backfill gave to whoever asked', () => {
  const recorded = { isFetched: () => true, isAccepted: () => true }
  const excuse = (truth: Partial<Truth>) =>
    excuseOf({ of: 'output old_room_event $old', problem: 'missing' }, truthOf(truth))
  expect(excuse({ ...recorded, isBackfilled: (id) => id === '$old' })).toBe('gap-is-new')
  expect(excuse({ ...recorded, isBackfilled: (id) => id === '$other' })).toBeUndefined()
  expect(excuse({ ...recorded, isFetched: () => false, isBackfilled: () => true })).toBeUndefined()
})
