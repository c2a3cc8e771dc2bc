import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

it('announces events as shared for as long as the room says nothing of its history visibility', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@eve:e')
  // Eve may not close the history: what she says is not accepted, and nothing changes.
  const refused = await room.state(
    'm.room.history_visibility',
    '',
    { history_visibility: 'joined' },
    { sender: '@eve:e', prev: room.extremities },
  )
  const prev = room.events.slice(-2, -1)
  const message = await room.message('still shared', { prev })
  const closing = await room.state('m.room.history_visibility', '', { history_visibility: 'joined' })
  const later = await room.message('for those who are in')
  await hs.takeAll(room.events)
  expect((await hs.event(refused.eventId))?.verdict).toBe('rejected-by-auth-events')
  const outputs = await hs.outputs()
  const visibility = new Map(
    outputs.map(({ new_room_event: output }) => [output?.event._event_id, output?.history_visibility]),
  )
  const shared = [...room.events.slice(0, 5), message, closing].map(({ eventId }) => visibility.get(eventId))
  expect(new Set(shared)).toEqual(new Set(['shared']))
  expect(visibility.get(later.eventId)).toBe('joined')
})
