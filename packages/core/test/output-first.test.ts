import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver, inputOf } from './homeserver.ts'

/** A server whose outputs are delivered when the test says so. */
async function gated() {
  const asked: (readonly [string, number])[] = []
  const gate = Promise.withResolvers<void>()
  gate.promise.catch(() => undefined)
  const whenDelivered = (roomId: string, seq: number) => {
    asked.push([roomId, seq])
    return gate.promise
  }
  return { hs: await Homeserver.start({ whenDelivered }), asked, gate }
}

/** Found by a stranger: a client's first sync after it had sent something came before the output. */
it('answers synchronous input when its outputs were delivered, and asynchronous input before', async () => {
  const { hs, asked, gate } = await gated()
  await using _hs = hs
  const room = await RoomBuilder.create()
  const inputs = room.events.map((event) => inputOf(event))
  await hs.input.inputRoomEvents({ input_room_events: inputs.slice(0, 1), async: true })
  await hs.input.settled()
  expect(asked).toEqual([])

  let isAnswered = false
  const answer = hs.input.inputRoomEvents({ input_room_events: inputs.slice(1), async: false })
  void answer.then(() => (isAnswered = true))
  // Others go on meanwhile, in the same room too.
  const message = await room.message('said meanwhile')
  await expect.poll(() => asked).toEqual([[room.roomId, room.events.length - 1]])
  expect(await hs.take(message)).toMatchObject({ verdict: 'accepted' })
  expect(isAnswered).toBe(false)
  gate.resolve()
  expect(await answer).toEqual({ ErrMsg: '', NotAllowed: false })
})

it('waits for nothing where nothing was announced, and answers where the wait fails', async () => {
  const { hs, asked, gate } = await gated()
  await using _hs = hs
  const room = await RoomBuilder.create()
  const inputs = room.events.map((event) => inputOf(event))
  gate.reject(new Error('gone'))
  const request = { input_room_events: inputs, async: false }
  expect(await hs.input.inputRoomEvents(request)).toEqual({ ErrMsg: '', NotAllowed: false })
  expect(asked).toEqual([[room.roomId, room.events.length]])
  expect(await hs.input.inputRoomEvents(request)).toEqual({ ErrMsg: '', NotAllowed: false })
  expect(asked).toHaveLength(1)
})
