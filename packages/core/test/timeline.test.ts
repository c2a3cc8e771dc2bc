import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { inputOf } from './homeserver.ts'
import { type Maintained, startMaintained } from './maintained.ts'

/** Reads all pages of a room, and tells which events each has. */
async function pagesOf(
  { timeline }: Maintained,
  roomId: string,
  limit: number,
): Promise<readonly string[][]> {
  const pages: string[][] = []
  let from: string | undefined
  do {
    const page = await timeline({ roomId, from, limit })
    pages.push(page.events.map(({ eventId }) => eventId))
    from = page.next
  } while (from !== undefined && pages.length < 1_000)
  return pages
}

const ids = (events: readonly Pdu[]): string[] => events.map(({ eventId }) => eventId)

it.each([1, 2, 3, 7, 1_000])(
  'gives every event of a room once, in pages of %i, the latest first',
  async (limit) => {
    await using server = await startMaintained()
    const room = await RoomBuilder.create()
    for (let n = 0; n < 5; n++) await room.message(`${n}`)
    await server.hs.takeAll(room.events)
    const pages = await pagesOf(server, room.roomId, limit)
    expect(pages.flat()).toEqual(ids(room.events).toReversed())
    expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true)
  },
)

it.each([1, 2, 4, 100])(
  'gives both branches of a fork before what they build on, in pages of %i',
  async (limit) => {
    await using server = await startMaintained()
    const room = await RoomBuilder.create()
    const fork = room.extremities
    const left = [await room.message('left', { prev: fork })]
    left.push(await room.message('left again', { prev: left.slice(-1) }))
    const right = await room.message('right', { prev: fork })
    await room.message('merged', { prev: [left[1] ?? right, right] })
    await server.hs.takeAll(room.events)

    const order = (await pagesOf(server, room.roomId, limit)).flat()
    expect(order.toSorted()).toEqual(ids(room.events).toSorted())
    for (const event of room.events)
      for (const prev of event.prevEvents)
        expect(order.indexOf(event.eventId)).toBeLessThan(order.indexOf(prev))
  },
)

it('passes over what was not accepted, and goes on behind it', async () => {
  await using server = await startMaintained()
  const room = await RoomBuilder.create()
  const before = room.extremities
  const stranger = await room.message('let me in', {
    sender: '@eve:b',
    prev: before,
    auth: room.events.slice(0, 3),
  })
  const after = await room.message('who was that?', { prev: [...before, stranger] })
  await server.hs.takeAll(room.events)
  expect(await server.hs.event(stranger.eventId)).toMatchObject({
    verdict: expect.stringContaining('rejected') as string,
  })

  const order = (await pagesOf(server, room.roomId, 2)).flat()
  expect(order).toEqual(ids(room.events.filter((event) => event !== stranger)).toReversed())
  expect(order[0]).toBe(after.eventId)
})

// Depth is what the sender's server says; one that lies must neither hide the past nor make it endless.
it.each([
  ['too small', 1],
  ['far too great', Number.MAX_SAFE_INTEGER - 1],
])('gives everything behind an event whose depth is %s', async (_what, depth) => {
  await using server = await startMaintained()
  const room = await RoomBuilder.create()
  await room.join('@eve:b')
  for (let n = 0; n < 4; n++) await room.message(`${n}`)
  await room.message('nothing to see here', { sender: '@eve:b', depth })
  await room.message('what?')
  await server.hs.takeAll(room.events)
  const order = (await pagesOf(server, room.roomId, 2)).flat()
  expect(order).toEqual(ids(room.events).toReversed())
})

// Each lie leads back to what was read before, and from there to the lies that were said earlier: 2^14 readings.
it('comes to an end however many events lie about their depth', async () => {
  await using server = await startMaintained()
  const room = await RoomBuilder.create()
  await room.join('@eve:b')
  for (let n = 0; n < 20; n++) await room.message(`${n}`)
  const lies = 14
  for (let n = 0; n < lies; n++) {
    const tips = room.extremities
    const lie = await room.message(`lie ${n}`, { sender: '@eve:b', depth: lies - n, prev: tips })
    await room.message(`after ${n}`, { prev: [...tips, lie] })
  }
  await server.hs.takeAll(room.events)
  const pages = await pagesOf(server, room.roomId, 10)
  expect(new Set(pages.flat())).toEqual(new Set(ids(room.events)))
  expect(pages.length).toBeLessThan(200)
})

it.each([
  ['not stored at all', false],
  ['stored beside the graph', true],
])('names the events that are missing, %s', async (_what, isBeside) => {
  await using server = await startMaintained()
  const room = await RoomBuilder.create()
  const lost = await room.message('lost')
  const found = await room.message('found')
  const old = room.events.filter((event) => event !== lost && event !== found)
  await server.hs.takeAll(old)
  if (isBeside) await server.hs.take(lost, { kind: InputKind.outlier })
  const state = { has_state: true, state_event_ids: ids(old) }
  await server.hs.take(found, state)

  const page = await server.timeline({ roomId: room.roomId, limit: 1 })
  expect(page.events.map(({ eventId }) => eventId)).toEqual([found.eventId])
  expect(page.missing).toEqual([lost.eventId])
})

it('refuses a room that it does not know, a token that is none, and a limit below 1', async () => {
  await using server = await startMaintained()
  const room = await RoomBuilder.create()
  await server.hs.takeAll(room.events)
  const { roomId } = room
  await expect(server.timeline({ roomId: '!nowhere:a', limit: 1 })).rejects.toMatchObject({
    code: 'ROOM_NOT_FOUND',
  })
  const [last = ''] = ids(room.extremities)
  const tooLong = `$${'x'.repeat(255)}`
  const lists = [[[1], []], [[last], [1]], [[last]], [[last], [], []], [last, []], [[last, tooLong], []]]
  const tokens = lists.map((list) => Buffer.from(JSON.stringify(list)).toString('base64url'))
  for (const from of ['', 'x', 'e30', ...tokens]) {
    await expect(server.timeline({ roomId, limit: 1, from })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { argument: 'from' },
    })
  }
  for (const limit of [0, -1, Number.NaN]) {
    await expect(server.timeline({ roomId, limit })).rejects.toMatchObject({ details: { argument: 'limit' } })
  }
})

it('goes on from a token with IDs as long as IDs may be, and of 20 events that it returned to', async () => {
  await using server = await startMaintained()
  const room = await RoomBuilder.create()
  await server.hs.takeAll(room.events)
  const made = (prefix: string) => Array.from({ length: 25 }, (_, n) => `$${prefix}${n}`)
  const longest = `$${'x'.repeat(254)}`
  const position = [[longest, ...ids(room.extremities)], made('returned')]
  const from = Buffer.from(JSON.stringify(position)).toString('base64url')
  const page = await server.timeline({ roomId: room.roomId, from, limit: 1 })
  expect(page.events.map(({ eventId }) => eventId)).toEqual(ids(room.extremities))
  expect(JSON.parse(Buffer.from(page.next ?? '', 'base64url').toString())).toEqual([
    ids(room.events.slice(-2, -1)),
    made('returned').slice(0, 20),
  ])
})

it('gives a thousand events on a page at the most', async () => {
  await using server = await startMaintained()
  const room = await RoomBuilder.create()
  while (room.events.length < 1_001) await room.message(`${room.events.length}`)
  const input_room_events = room.events.map((event) => inputOf(event))
  await server.hs.input.inputRoomEvents({ input_room_events, async: false })
  const pages = await pagesOf(server, room.roomId, 5_000)
  expect(pages.map((page) => page.length)).toEqual([1_000, 1])
})

it('leads to no other room, whatever a token names', async () => {
  await using server = await startMaintained()
  const [one, other] = [await RoomBuilder.create(), await RoomBuilder.create({ roomId: '!other:a' })]
  await server.hs.takeAll([...one.events, ...other.events])
  const from = Buffer.from(JSON.stringify([ids(other.events), []])).toString('base64url')
  expect(await server.timeline({ roomId: one.roomId, from, limit: 10 })).toEqual({ events: [], missing: [] })
})
