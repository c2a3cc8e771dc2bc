import { expect, it } from 'vitest'
import { roomOfRequest } from './room-of-request.ts'

it.each([
  ['the name of most requests', { room_id: '!r:x' }, '!r:x'],
  ['the name of some', { UserID: '@a:x', RoomID: '!r:x' }, '!r:x'],
  ['no room', { alias: '#a:x' }, undefined],
  ['an empty one, which means any', { RoomID: '' }, undefined],
  ['something else of that name', { room_id: ['!r:x'] }, undefined],
  ['what is too long for a room', { room_id: `!${'r'.repeat(255)}` }, undefined],
  ['nothing', null, undefined],
])('knows the room of a request with %s', (_what, request, room) => {
  expect(roomOfRequest(request)).toBe(room)
})
