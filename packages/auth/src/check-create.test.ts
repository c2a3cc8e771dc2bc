import { describe, expect, it } from 'vitest'
import { createEvent, makeEvent } from '../test/room.ts'
import { checkAuthEvents } from './check-auth-events.ts'

const judge = (event: ReturnType<typeof createEvent>) =>
  checkAuthEvents(event, { get: () => undefined, isRejected: () => false })

it.each(['1', '5', '10', '11', '12'])('allows a good create event of version %s', (version) => {
  expect(judge(createEvent(version)).allowed).toBe(true)
})

describe('refuses', () => {
  const creating = { type: 'm.room.create', key: '', prev: [], content: { creator: '@alice:a.test' } }
  it.each([
    ['one that follows another event', makeEvent('10', { ...creating, prev: ['$x'] }), 'v10 1.1'],
    ['a room ID of another server', makeEvent('10', { ...creating, room: '!r:b.test' }), 'v10 1.2'],
    [
      'a room ID where the event is the room',
      makeEvent('12', { ...creating, more: { room_id: '!r' } }),
      'v12 1.2',
    ],
    ['a version that nobody knows', createEvent('10', { room_version: '99' }), 'v10 1.3'],
    ['a version that is not a string', createEvent('10', { room_version: 10 }), 'v10 1.3'],
    ['the prototype as a version', createEvent('10', { room_version: '__proto__' }), 'v10 1.3'],
    ['a room without creator', makeEvent('10', { ...creating, content: {} }), 'v10 1.4'],
    ['creators that are not a list', createEvent('12', { additional_creators: {} }), 'v12 1.4'],
    [
      'a creator who is not a user',
      createEvent('12', { additional_creators: ['@b:b.test', 'c'] }),
      'v12 1.4',
    ],
  ])('%s', (_what, event, rule) => {
    expect(judge(event)).toEqual({
      events: [],
      allowed: false,
      rule,
      reason: expect.stringMatching(/^\S.*\S$/),
    })
  })
})

it.each([[], ['@b:b.test'], ['@b:b.test', '@c:c.test']])('takes users as more creators: %j', (...more) => {
  expect(judge(createEvent('12', { additional_creators: more }))).toEqual({ allowed: true, rule: 'v12 1.5' })
})

it('does not look at more creators before version 12', () => {
  expect(judge(createEvent('11', { additional_creators: 'x' })).allowed).toBe(true)
})

it('needs no creator from version 11 on', () => {
  expect(judge(makeEvent('11', { type: 'm.room.create', key: '', prev: [] })).allowed).toBe(true)
})
