import { RoomBuilder } from '@roomserver/testing'
import type { Pdu } from '@roomserver/events'

/** The rooms that every fixture has, and what a server that has them answers. */
const ALICE = '@alice:localhost'
const ALIAS = '#forks:localhost'

/** A room with all that the older schemas keep in tables of their own. */
async function forkedRoom(): Promise<{ readonly room: RoomBuilder; readonly refused: Pdu }> {
  const room = await RoomBuilder.create({ creator: ALICE, roomId: '!forks:localhost', version: '10' })
  await room.join('@bob:remote')
  await room.member(ALICE, '@carol:localhost', 'invite')
  const said = await room.message('to be redacted')
  await room.redact(said)
  for (let number = 0; number < 40; number++) await room.state('org.example.counter', `${number}`, { number })
  const refused = await room.add({
    type: 'm.room.name',
    sender: '@bob:remote',
    stateKey: '',
    content: { name: 'of somebody without the power' },
    prev: room.extremities,
  })
  const fork = room.extremities
  await room.state('m.room.topic', '', { topic: 'one' }, { prev: fork })
  await room.state('m.room.topic', '', { topic: 'two' }, { prev: fork })
  await room.message('both')
  return { room, refused }
}

/** Sends the rooms to a server. */
export async function fill(url: string): Promise<void> {
  const { room } = await forkedRoom()
  await send(url, room)
  await call(url, 'setRoomAlias', { user_id: ALICE, alias: ALIAS, room_id: room.roomId })
  await call(url, 'performPublish', { RoomID: room.roomId, Visibility: 'public' })
  // Of this one an event is missing: those on top of it come with their state.
  const gap = await RoomBuilder.create({ creator: '@dora:remote', roomId: '!gap:remote', version: '9' })
  await gap.join(ALICE)
  await gap.message('missing')
  await gap.message('on top')
  await send(url, gap, 6)
}

async function send(url: string, room: RoomBuilder, missing = -1): Promise<void> {
  const { events, rules } = room
  const state = events.filter(({ stateKey }, at) => stateKey !== undefined && at < missing)
  for (const [at, { eventId, json }] of events.entries()) {
    if (at === missing - 1) continue
    const event = { ...(JSON.parse(json) as object), _event_id: eventId, _room_version: rules.version }
    const told = at === missing ? { has_state: true, state_event_ids: state.map((one) => one.eventId) } : {}
    await call(url, 'inputRoomEvents', {
      input_room_events: [{ kind: 2, event, origin: 'remote', ...told }],
    })
  }
}

/** What a server with these rooms answers; the same from every release. */
export async function answersOf(url: string): Promise<unknown> {
  const rooms: Record<string, unknown> = {}
  for (const roomId of ['!forks:localhost', '!gap:remote']) {
    const answer = (await call(url, 'queryLatestEventsAndState', {
      room_id: roomId,
      state_to_fetch: [],
    })) as {
      readonly latest_events?: readonly (readonly [string, unknown])[]
      readonly state_events?: readonly { readonly _event_id?: string }[]
    }
    rooms[roomId] = {
      // Which extremities stay where prev events are missing is not the same in all releases.
      ...(roomId.includes('forks') && { latest: (answer.latest_events ?? []).map(([eventId]) => eventId) }),
      state: (answer.state_events ?? []).map(({ _event_id = '' }) => _event_id).toSorted(),
    }
  }
  return {
    rooms,
    alias: await call(url, 'GetRoomIDForAlias', { alias: ALIAS }),
    published: await call(url, 'queryPublishedRooms', {}),
    joined: await roomsOf(url, ALICE, 'join'),
    invited: await roomsOf(url, '@carol:localhost', 'invite'),
  }
}

async function roomsOf(url: string, user: string, membership: string): Promise<readonly string[]> {
  const request = { UserID: user, WantMembership: membership }
  const { RoomIDs = [] } = (await call(url, 'queryRoomsForUser', request)) as { readonly RoomIDs?: string[] }
  return RoomIDs.toSorted()
}

async function call(url: string, operation: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url}/api/roomserver/${operation}`, {
    method: 'POST',
    body: JSON.stringify(body),
  })
  return answer.json()
}
