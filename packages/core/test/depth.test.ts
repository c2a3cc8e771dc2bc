import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Operations } from './operations.ts'

it.each([
  // Found by the simulation: nobody could say anything any more, for there is no greater number for the next depth.
  ['the greatest that an event may say', '10', Number.MAX_SAFE_INTEGER],
  // Found by the simulation: SQLite kept the number, and no read of the event came back.
  ['one that no double holds', '5', 2 ** 62],
])('goes on after an event with a made-up depth: %s', async (_why, version, depth) => {
  await using server = await Operations.start()
  const room = await RoomBuilder.create({ version })
  const lie = await room.message('from far away', { depth })
  await server.hs.takeAll(room.events)

  const request = { room_id: room.roomId, user_id: room.creator }
  expect(await server.api.performLeave(request)).toEqual({ code: 0, message: null })
  const end = await server.api.queryLatestEventsAndState({ room_id: room.roomId, state_to_fetch: [] })
  expect(end.depth).toBe(Number.MAX_SAFE_INTEGER)
  expect(await server.hs.event(lie.eventId)).toMatchObject({ depth: Number.MAX_SAFE_INTEGER })
})
