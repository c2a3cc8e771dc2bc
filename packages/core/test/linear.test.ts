import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

it.each(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'])(
  'takes a room of version %s from its create event to its messages',
  async (version) => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create({ version })
    await room.join('@bob:b')
    await room.message('hello', { sender: '@bob:b' })
    for (const event of room.events) {
      expect(await hs.take(event)).toMatchObject({ kind: 'stored', verdict: 'accepted', known: false })
    }
    expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
    expect(await hs.current(room.roomId)).toEqual(
      room.events
        .slice(0, -1)
        .map((event) => event.eventId)
        .toSorted(),
    )
    const outputs = await hs.outputs()
    expect(outputs.map((output) => output.type)).toEqual(room.events.map(() => 'new_room_event'))
    expect(outputs.map((output) => output.new_room_event?.last_sent_event_id)).toEqual([
      '',
      ...room.events.slice(0, -1).map((event) => event.eventId),
    ])
  },
)
