import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { Homeserver, inputOf } from './homeserver.ts'

/** Counts the turns that others have while something is done. */
async function turnsDuring(done: Promise<unknown>): Promise<number> {
  let isOver = false
  void done.finally(() => (isOver = true))
  let turns = 0
  for (; !isOver; turns++) await new Promise((resolve) => setImmediate(resolve))
  await done
  return turns
}

const nothing = filled(InputRoomEvent, { kind: InputKind.new })

it.each([
  ['synchronous', false],
  ['asynchronous', true],
])('gives others their turn while a %s request of very many entries fails', async (_how, async) => {
  await using hs = await Homeserver.start()
  // Each is as long as an event may be, and none: that takes a while to find out.
  const long = filled(InputRoomEvent, {
    kind: InputKind.new,
    event: { roomVersion: '10', eventId: '', json: `{"content":{${'"a\\u0041":1,'.repeat(4_000)}"b":1}}` },
  })
  const inputs = [
    ...Array.from({ length: 50_000 }, () => nothing),
    ...Array.from({ length: 100 }, () => long),
  ]
  const answer = hs.input.inputRoomEvents({ input_room_events: inputs, async })
  expect(await turnsDuring(answer)).toBeGreaterThan(10)
  expect(await answer).toEqual({ ErrMsg: 'event: expected an event', NotAllowed: false })
  expect(hs.input.counters.undecided).toBe(0)
})

it.each([
  [100, []],
  [256, []],
  [10_239, []],
  [10_240, [10_240]],
  [20_800, [10_240, 20_480]],
])('says in the log how far a request of %i entries is, if it is a large one', async (count, expected) => {
  const said: unknown[] = []
  const info = (fields: object, message: string) => said.push([message, fields])
  await using hs = await Homeserver.start({ log: { ...silentLogger, info } })
  const input_room_events = Array.from({ length: count }, () => nothing)
  await hs.input.inputRoomEvents({ input_room_events, async: false })
  expect(said).toEqual(expected.map((taken) => ['ingesting a large request', { taken, of: count }]))
})

it('tells of the first that failed in the order of the request, whatever failed first', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const unknown = await room.message('never sent')
  const lacking = await room.message('lacks something', { prev: [unknown] })
  const inputs = [...room.events.slice(0, -2).map((event) => inputOf(event)), inputOf(lacking), nothing]
  const { ErrMsg } = await hs.input.inputRoomEvents({ input_room_events: inputs, async: false })
  expect(ErrMsg).toContain(unknown.eventId)
})

it('takes no more of a request whose caller is gone, and finishes what was begun', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let i = 0; i < 2_000; i++) await room.message(`${i}`)
  const inputs = room.events.map((event) => inputOf(event))
  const caller = new AbortController()
  const answer = hs.input.inputRoomEvents(
    { input_room_events: inputs, async: false },
    { signal: caller.signal },
  )
  await new Promise((resolve) => setImmediate(resolve))
  caller.abort()
  expect((await answer).ErrMsg).toBe('the caller has disconnected')
  expect(hs.input.counters.undecided).toBe(0)
  expect(await hs.event(room.events[0]?.eventId ?? '')).toBeDefined()
  expect(await hs.event(room.events.at(-1)?.eventId ?? '')).toBeUndefined()
  // Who asks again has all of it taken.
  const again = await hs.input.inputRoomEvents({ input_room_events: inputs, async: false })
  expect(again.ErrMsg).toBe('')
  expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
})

it('queues nothing for a caller who is gone', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const signal = AbortSignal.abort()
  const request = { input_room_events: room.events.map((event) => inputOf(event)), async: true }
  await hs.input.inputRoomEvents(request, { signal })
  expect(await hs.storage.inbox(0, 10)).toEqual([])
  expect(await hs.storage.room(room.roomId)).toBeUndefined()
})
