import { type HeaderedEvent, InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it, vi } from 'vitest'
import { inputOf } from './homeserver.ts'
import { queryServerAllowedToSeeEvent } from '../src/query/missing-events.ts'
import { Operations } from './operations.ts'
import { WatchedProcess } from './watched-process.ts'

const idsOf = (events: readonly { readonly eventId: string }[] | null) =>
  events?.map((event) => event.eventId)

/** Messages 1 to 6 behind the room's beginning, then a fork of two and a merge. */
async function history() {
  const server = await Operations.start()
  const room = await RoomBuilder.create()
  const beginning = [...room.events]
  const messages: Pdu[] = []
  for (const body of ['1', '2', '3']) messages.push(await room.message(body))
  const prev = messages.slice(-1)
  messages.push(await room.message('left', { prev }), await room.message('right', { prev }))
  messages.push(await room.message('merge'))
  await server.hs.takeAll(room.events)
  return { server, room, beginning, messages }
}

describe('queryMissingEvents', () => {
  it.each([
    ['all between', { earliest: 0, limit: 100 }, [1, 2, 3, 4]],
    // The latest event itself counts towards the limit, as in the reference.
    ['as many as are wanted', { earliest: 0, limit: 3 }, [3, 4]],
    ['of two beside each other the one that came first', { earliest: 0, limit: 2 }, [3]],
    ['none', { earliest: 0, limit: 0 }, []],
    ['none for a limit that makes no sense', { earliest: 0, limit: -5 }, []],
  ])('gives %s, oldest first', async (_what, { earliest, limit }, expected) => {
    const { server, messages } = await history()
    await using _server = server
    const answer = await server.api.queryMissingEvents({
      earliest_events: [messages[earliest]?.eventId ?? ''],
      latest_events: [messages[5]?.eventId ?? ''],
      limit,
      server_name: 'a',
    })
    expect(idsOf(answer.events)).toEqual(expected.map((index) => messages[index]?.eventId))
  })

  it.each([
    ['is one of the earliest as well', [0, 2], [2, 5], [3, 4]],
    ['is before another one', [0], [3, 5], [1, 2, 4]],
  ])('goes no further where one of the latest %s', async (_what, earliest, latest, expected) => {
    const { server, messages } = await history()
    await using _server = server
    const idsAt = (places: readonly number[]) => places.map((place) => messages[place]?.eventId ?? '')
    const request = { limit: 100, server_name: 'a' }
    const answer = await server.api.queryMissingEvents({
      ...request,
      earliest_events: idsAt(earliest),
      latest_events: idsAt(latest),
    })
    expect(idsOf(answer.events)).toEqual(idsAt(expected))
  })

  it('answers of one room where the latest events are of several', async () => {
    const { server, messages } = await history()
    await using _server = server
    const other = await RoomBuilder.create({ roomId: '!other:a' })
    await server.hs.takeAll(other.events)
    const latest_events = [messages[5]?.eventId ?? '', other.events.at(-1)?.eventId ?? '']
    const request = { earliest_events: [messages[0]?.eventId ?? ''], latest_events, limit: 100 }
    const { events } = await server.api.queryMissingEvents({ ...request, server_name: 'a' })
    expect(idsOf(events)).toEqual(messages.slice(1, 5).map(({ eventId }) => eventId))
  })

  it('stops at an event beside the graph of the room, whose state is not known', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await room.join('@bob:b')
    const state = [...room.events]
    const beside = await room.message('beside')
    const next = await room.message('on top of it')
    const last = await room.message('last')
    await server.hs.takeAll(state)
    await server.hs.take(beside, { kind: InputKind.outlier })
    await server.hs.take(next, { has_state: true, state_event_ids: [...(idsOf(state) ?? [])] })
    await server.hs.take(last)
    const request = { earliest_events: [], latest_events: [last.eventId], limit: 100, server_name: 'b' }
    expect(idsOf((await server.api.queryMissingEvents(request)).events)).toEqual([next.eventId])
  })

  it.each([
    ['shared', 'b', 0],
    ['joined', 'b', 1],
    ['world_readable', 'c', 0],
  ])(
    'looks for the users of a server only where something hangs on them: %s, %s',
    async (history_visibility, server_name, times) => {
      const { server, room } = await history()
      await using _server = server
      await server.hs.take(await room.join('@bob:b'))
      await server.hs.take(await room.state('m.room.history_visibility', '', { history_visibility }))
      const last = await room.message('last')
      await server.hs.take(last)
      const usersOfServer = vi.fn(server.hs.storage.usersOfServer)
      const { context } = new WatchedProcess({ ...server.hs.storage, usersOfServer })
      const request = { event_id: last.eventId, server_name }
      expect(await queryServerAllowedToSeeEvent(context, request)).toEqual({ can_see_event: true })
      expect(usersOfServer).toHaveBeenCalledTimes(times)
    },
  )

  it('answers null when it knows none of the latest events', async () => {
    const { server } = await history()
    await using _server = server
    const request = { earliest_events: [], latest_events: ['$unknown'], limit: 10, server_name: 'a' }
    expect(await server.api.queryMissingEvents(request)).toEqual({ events: null })
  })

  it('stops at what the server may not see', async () => {
    const { server, room, messages } = await history()
    await using _server = server
    const opened = await room.state('m.room.history_visibility', '', { history_visibility: 'joined' })
    const hidden = await room.message('hidden')
    const joined = await room.join('@bob:b')
    const seen = await room.message('seen')
    const last = await room.message('last')
    await server.hs.takeAll([opened, hidden, joined, seen, last])
    const ask = async (server_name: string) => {
      const request = { earliest_events: [], latest_events: [last.eventId], limit: 100, server_name }
      return idsOf((await server.api.queryMissingEvents(request)).events)
    }
    // The join is the change that lets the server see, so it is seen as well.
    expect(await ask('b')).toEqual([joined.eventId, seen.eventId])
    expect(await ask('c')).toEqual([])
    expect(await ask('a')).toHaveLength(room.events.length - 1)
    expect(messages).toHaveLength(6)
  })

  it('gives a thousand events at most, the latest one counted, whatever limit is asked for', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    for (let i = 0; i < 1_001; i++) await room.message(`${i}`)
    const inputs = room.events.map((event) => inputOf(event))
    await server.hs.input.inputRoomEvents({ input_room_events: inputs, async: false })
    const [latest] = room.extremities
    const request = { earliest_events: [], latest_events: [latest?.eventId ?? ''], server_name: 'a' }
    const { events } = await server.api.queryMissingEvents({ ...request, limit: 1_000_000 })
    expect(idsOf(events)).toEqual(idsOf(room.events.slice(-1_000, -1)))
  })

  it('gives redacted events as redacted', async () => {
    const { server, room, messages } = await history()
    await using _server = server
    const [first] = messages
    if (first === undefined) throw new TypeError('no message')
    const redaction = await room.redact(first)
    await server.hs.take(redaction)
    const request = { earliest_events: [], latest_events: [redaction.eventId], limit: 100, server_name: 'a' }
    const { events } = await server.api.queryMissingEvents(request)
    const given = events?.find((event) => event.eventId === first.eventId)
    expect(JSON.parse(given?.json ?? '{}')).toMatchObject({ content: {} })
  })
})

describe('queryServerAllowedToSeeEvent', () => {
  it.each([
    ['world_readable', 'c', true],
    ['shared', 'b', true],
    ['shared', 'c', false],
    ['invited', 'b', false],
    ['joined', 'b', false],
    ['joined', 'a', true],
  ])('%s: %s %s', async (visibility, server_name, can_see_event) => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await room.state('m.room.history_visibility', '', { history_visibility: visibility })
    const message = await room.message('before bob came')
    await room.join('@bob:b')
    await server.hs.takeAll(room.events)
    const request = { event_id: message.eventId, server_name }
    expect(await server.api.queryServerAllowedToSeeEvent(request)).toEqual({ can_see_event })
  })

  it.each([
    ['shared', [true, true, true, false]],
    ['invited', [false, true, true, false]],
    ['joined', [false, true, true, false]],
  ])(
    'lets a server that has left see what was shared with it: %s',
    async (visibility, [beforeItCame, atIts, between, afterIt]) => {
      await using server = await Operations.start()
      const room = await RoomBuilder.create()
      await room.state('m.room.history_visibility', '', { history_visibility: visibility })
      const before = await room.message('before bob came')
      const joined = await room.join('@bob:b')
      const while_ = await room.message('while bob was there')
      await room.member('@bob:b', '@bob:b', 'leave')
      const after = await room.message('after bob left')
      // Somebody was invited and said no: that is not a join.
      await room.member(room.creator, '@carol:c', 'invite')
      await room.member('@carol:c', '@carol:c', 'leave')
      await server.hs.takeAll(room.events)
      const ask = async (event: Pdu, server_name: string) =>
        (await server.api.queryServerAllowedToSeeEvent({ event_id: event.eventId, server_name }))
          .can_see_event
      const seen = await Promise.all([before, joined, while_, after].map((event) => ask(event, 'b')))
      expect(seen).toEqual([beforeItCame, atIts, between, afterIt])
      expect(await ask(before, 'c')).toBe(false)
    },
  )

  it('lets a server that came back and left see what was shared meanwhile', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await room.join('@bob:b')
    await room.member('@bob:b', '@bob:b', 'leave')
    const between = await room.message('while bob was away')
    await room.join('@bob:b')
    await room.member('@bob:b', '@bob:b', 'leave')
    const after = await room.message('after bob left for good')
    await server.hs.takeAll(room.events)
    const ask = async (event: Pdu) =>
      (await server.api.queryServerAllowedToSeeEvent({ event_id: event.eventId, server_name: 'b' }))
        .can_see_event
    expect(await ask(between)).toBe(true)
    expect(await ask(after)).toBe(false)
  })

  it.each([
    [99, true],
    [100, false],
  ])(
    'goes back through a hundred memberships of a user to their join: %i since it, seen: %s',
    async (since, isSeen) => {
      await using server = await Operations.start()
      const room = await RoomBuilder.create()
      const before = await room.message('before bob came')
      await room.join('@bob:b')
      for (let i = 0; i < since; i++) await room.member(room.creator, '@bob:b', i % 2 === 0 ? 'ban' : 'leave')
      const inputs = room.events.map((event) => inputOf(event))
      await server.hs.input.inputRoomEvents({ input_room_events: inputs, async: false })
      const request = { event_id: before.eventId, server_name: 'b' }
      expect(await server.api.queryServerAllowedToSeeEvent(request)).toEqual({ can_see_event: isSeen })
    },
  )

  it.each([
    ['is joined', true],
    ['is invited', false],
  ])('looks at all users of a server, of whom the 201st %s', async (_what, isJoined) => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await room.state('m.room.history_visibility', '', { history_visibility: 'joined' })
    for (let i = 0; i < 200; i++) await room.member(room.creator, `@user${i}:b`, 'invite')
    if (isJoined) await room.join('@bob:b')
    else await room.member(room.creator, '@bob:b', 'invite')
    const message = await room.message('for those who are joined')
    if (!isJoined) await room.join('@bob:b')
    const inputs = room.events.map((event) => inputOf(event))
    await server.hs.input.inputRoomEvents({ input_room_events: inputs, async: false })
    const request = { event_id: message.eventId, server_name: 'b' }
    expect(await server.api.queryServerAllowedToSeeEvent(request)).toEqual({ can_see_event: isJoined })
  })

  it('lets nobody see what is not there', async () => {
    await using server = await Operations.start()
    const request = { event_id: '$nothing', server_name: 'a' }
    expect(await server.api.queryServerAllowedToSeeEvent(request)).toEqual({ can_see_event: false })
  })
})

describe('events by ID', () => {
  it('gives those that are stored, each once', async () => {
    const { server, messages } = await history()
    await using _server = server
    const id = messages[0]?.eventId ?? ''
    const { events } = await server.api.queryEventsById({ event_ids: [id, '$nothing', id] })
    expect(idsOf(events)).toEqual([id])
  })

  it('gives the auth chain, the events themselves included', async () => {
    const { server, beginning, messages } = await history()
    await using _server = server
    const id = messages[0]?.eventId ?? ''
    const { AuthChain } = await server.api.queryAuthChain({ EventIDs: [id, '$nothing'] })
    expect(idsOf(AuthChain)?.toSorted()).toEqual([...(idsOf(beginning.slice(0, 3)) ?? []), id].toSorted())
    expect(await server.api.queryAuthChain({ EventIDs: [] })).toEqual({ AuthChain: [] })
  })

  it('gives events of several rooms, each by the rules of its own', async () => {
    await using server = await Operations.start()
    const rooms = [
      await RoomBuilder.create({ version: '6' }),
      await RoomBuilder.create({ roomId: '!other:a', version: '11' }),
    ]
    for (const room of rooms) await server.hs.takeAll(room.events)
    const all = rooms.flatMap((room) => room.events)
    const given = (events: readonly HeaderedEvent[]) =>
      events.map(({ eventId, roomVersion }) => `${eventId} ${roomVersion}`).toSorted()
    const expected = all.map(({ eventId, rules }) => `${eventId} ${rules.version}`).toSorted()
    const ids = [...(idsOf(all) ?? [])]
    expect(given((await server.api.queryEventsById({ event_ids: ids })).events)).toEqual(expected)
    // The latest two of each room lead to all of it between them.
    const ends = rooms.flatMap((room) => [...(idsOf(room.events.slice(-2)) ?? [])])
    expect(given((await server.api.queryAuthChain({ EventIDs: ends })).AuthChain)).toEqual(expected)
  })
})

describe('performBackfill for other servers', () => {
  it('gives events back from an extremity, as far as the server may see them', async () => {
    const { server, room, messages } = await history()
    await using _server = server
    const ask = async (server_name: string, limit: number) => {
      const { events } = await server.api.performBackfill({
        room_id: room.roomId,
        backwards_extremities: new Map([['$newer', [messages[3]?.eventId ?? '']]]),
        limit,
        server_name,
      })
      return idsOf(events)
    }
    await server.hs.take(await room.join('@bob:b'))
    expect(await ask('b', 2)).toEqual([messages[2]?.eventId, messages[3]?.eventId])
    // The reference gave the first event to everybody.
    expect(await ask('c', 2)).toEqual([])
  })

  it('gives a hundred events at most, those before the extremity', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await room.join('@bob:b')
    while (room.events.length < 110) await room.message(`${room.events.length}`)
    await Promise.all(room.events.map((event) => server.hs.take(event)))
    const ask = async (limit: number) => {
      const backwards_extremities = new Map([['$newer', [room.events.at(-1)?.eventId ?? '']]])
      const request = { room_id: room.roomId, backwards_extremities, limit, server_name: 'b' }
      return idsOf((await server.api.performBackfill(request)).events)
    }
    expect(await ask(101)).toEqual(idsOf(room.events.slice(-100)))
    expect(await ask(99)).toEqual(idsOf(room.events.slice(-99)))
  })

  it('gives nothing back from an outlier, which has no place in the past of the room', async () => {
    await using server = await Operations.start()
    const room = await RoomBuilder.create()
    await room.join('@bob:b')
    for (const event of room.events) await server.hs.take(event)
    const outlier = await room.state('m.room.topic', '', { topic: 'elsewhere' })
    await server.hs.take(outlier, { kind: InputKind.outlier })
    const backwards_extremities = new Map([['$newer', [outlier.eventId]]])
    const request = { room_id: room.roomId, backwards_extremities, limit: 5, server_name: 'b' }
    expect((await server.api.performBackfill(request)).events).toEqual([])
  })

  it('fails for an unknown room, in the words of the reference', async () => {
    await using server = await Operations.start()
    const request = { room_id: '!no:a', backwards_extremities: new Map(), limit: 5, server_name: 'b' }
    const message = 'PerformBackfill: missing room info for room !no:a'
    await expect(server.api.performBackfill(request)).rejects.toMatchObject({ message })
  })
})
