import { expect, it } from 'vitest'
import { membersOf } from './members.ts'
import { type RoomEvent, roomEventOf } from './room-event.ts'

const event = (said: object): RoomEvent =>
  roomEventOf({ eventId: '$e', json: JSON.stringify({ sender: '@a:a', ...said }) }, '!r:a')

const member = (content: object, more: object = { state_key: '@a:a' }) =>
  event({ type: 'm.room.member', content, ...more })

it('takes members out of a state: who they are, what they are, and their names', () => {
  const joined = member({ membership: 'join', displayname: 'Anne' })
  const banned = member({ membership: 'ban', displayname: 7 })
  const odd = member({ membership: ['join'] })
  const state = [
    event({ type: 'm.room.topic', state_key: '@a:a', content: { membership: 'join' } }),
    joined,
    member({ membership: 'join' }, {}),
    banned,
    odd,
  ]
  expect(membersOf(state)).toEqual([
    { userId: '@a:a', membership: 'join', displayName: 'Anne', event: joined },
    { userId: '@a:a', membership: 'ban', event: banned },
    { userId: '@a:a', membership: 'leave', event: odd },
  ])
  expect(membersOf([])).toEqual([])
})
