import { RoomBuilder } from '@roomserver/testing'

/** Sends rooms with forks, and one with a gap, to servers, and asks about them, until it is told to stop. */
export async function sendRooms(urls: readonly string[], stop: AbortSignal): Promise<void> {
  for (let number = 0; !stop.aborted; number++) {
    const room = await forkedRoom(number)
    for (const url of urls) await sendRoom(url, room)
  }
}

/** A room in which states have to be resolved, the last event of which builds on one that is not sent. */
async function forkedRoom(number: number): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ creator: '@alice:a', roomId: `!room${number}:a` })
  await room.join('@bob:far')
  const fork = room.extremities
  await room.state('m.room.topic', '', { topic: 'one' }, { prev: fork })
  await room.state('m.room.topic', '', { topic: 'two' }, { prev: fork })
  for (const text of ['both', 'missing', 'on top']) await room.message(text)
  return room
}

async function sendRoom(url: string, { events, rules, roomId }: RoomBuilder): Promise<void> {
  for (const { eventId, json } of events.filter((_, at) => at !== events.length - 2)) {
    const event = { ...(JSON.parse(json) as object), _event_id: eventId, _room_version: rules.version }
    await call(url, 'inputRoomEvents', { input_room_events: [{ kind: 2, event, origin: 'far' }] })
  }
  await call(url, 'queryLatestEventsAndState', { room_id: roomId, state_to_fetch: [] })
  await call(url, 'queryRoomsForUser', { UserID: '@alice:a', WantMembership: 'join' })
}

async function call(url: string, operation: string, body: object): Promise<void> {
  const options = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(30_000) }
  const answer = await fetch(`${url}/api/roomserver/${operation}`, options)
  await answer.arrayBuffer()
}
