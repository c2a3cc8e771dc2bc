import { InputKind } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it, vi } from 'vitest'
import { RecordCache } from '../src/index.ts'
import { Homeserver, inputOf } from './homeserver.ts'

const MEMBERS = 600
/** What a store may be asked of one kind for so many events: a few times, and not once for each. */
const FEW = 20

/** A room with many members of another server, the join of one of ours, and how its state is given with that. */
async function largeRoom() {
  const room = await RoomBuilder.create()
  for (let i = 0; i < MEMBERS; i++) await room.join(`@user${i}:a`)
  const state = [...room.events]
  const join = await room.join('@bob:b')
  const before = { has_state: true, state_event_ids: state.map(({ eventId }) => eventId) }
  return { room, state, join, before }
}

it('joins a large room with a few reads and commits, whatever the number of its members', async () => {
  const { room, state, join, before } = await largeRoom()
  await using b = await Homeserver.start({ serverName: 'b' })
  const commits = vi.spyOn(b.storage, 'commit')
  const reads = [
    vi.spyOn(b.storage, 'stateKeysByText'),
    vi.spyOn(b.storage, 'eventsById'),
    vi.spyOn(b.storage, 'mentions'),
    vi.spyOn(b.storage, 'redactionsOf'),
  ]
  const inputs = [
    ...state.map((event) => inputOf(event, { kind: InputKind.outlier })),
    inputOf(join, { origin: 'a', ...before }),
  ]
  expect(await b.input.inputRoomEvents({ input_room_events: inputs, async: false })).toMatchObject({
    ErrMsg: '',
  })
  expect(inputs).toHaveLength(state.length + 1)
  expect(b.input.counters.undecided).toBe(0)
  expect(await b.current(room.roomId)).toHaveLength(state.length + 1)
  expect(commits.mock.calls.length).toBeLessThan(FEW)
  for (const read of reads) expect(read.mock.calls.length, read.getMockName()).toBeLessThan(FEW)
})

it('reads the state of a large join once, where the cache cannot hold it', async () => {
  const { room, state, join, before } = await largeRoom()
  await using b = await Homeserver.start({ serverName: 'b' })
  const cache = new RecordCache(b.storage, 100_000)
  await using small = new Homeserver(b.storage, { serverName: 'b', cache })
  const outliers = state.map((event) => inputOf(event, { kind: InputKind.outlier }))
  await small.input.inputRoomEvents({ input_room_events: outliers, async: false })
  const read = [vi.spyOn(b.storage, 'eventsById'), vi.spyOn(b.storage, 'eventsByNid')]
  expect(await small.take(join, { origin: 'a', ...before })).toMatchObject({ verdict: 'accepted' })
  const events = read.flatMap(({ mock }) => mock.calls.map(([keys]) => keys.length))
  expect(events.reduce((sum, count) => sum + count, 0)).toBeLessThan(MEMBERS * 1.2)
  expect(await small.current(room.roomId)).toHaveLength(state.length + 1)
})

it('lets go of the events of a request that it was given for good', async () => {
  const room = await RoomBuilder.create()
  await using a = await Homeserver.start()
  const inputs = room.events.map((event) => inputOf(event))
  const request = { input_room_events: inputs, async: false }
  expect(await a.input.inputRoomEvents(request, { givesRequest: true })).toMatchObject({ ErrMsg: '' })
  expect(inputs).toEqual([])
  expect(await a.current(room.roomId)).toHaveLength(room.events.length)
})
