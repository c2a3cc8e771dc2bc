import { type FederationApi, InputKind } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { NO_CHANGES, NO_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import { repairRoom } from '../src/index.ts'
import { prunedExtremities } from '../src/operator-repair/prune-extremities.ts'
import { idsOf } from '../src/view/reads.ts'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

const DRY = { by: 'operator', isDryRun: true }
const APPLIED = { by: 'operator', isDryRun: false }

async function roomOf(hs: Homeserver): Promise<RoomBuilder> {
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await room.state('m.room.topic', '', { topic: 'one' })
  await hs.takeAll(room.events)
  return room
}

const parts = (hs: Homeserver) => ({ store: hs.storage, input: hs.input })

it('finds nothing to recompute in a room that is whole', async () => {
  await using hs = await Homeserver.start()
  const { roomId } = await roomOf(hs)
  const before = await hs.room(roomId)
  const { entries } = await repairRoom(parts(hs), roomId, { kind: 'recompute-state' }, APPLIED)
  expect(entries).toEqual([])
  expect(await hs.room(roomId)).toEqual(before)
})

it('shows what a given state changes, and applies it with journal and output', async () => {
  await using hs = await Homeserver.start()
  const { roomId, events } = await roomOf(hs)
  const [extremity = ''] = await hs.extremities(roomId)
  const state = await hs.current(roomId)
  const bob = events.find(({ stateKey }) => stateKey === '@bob:b')
  const eventIds = state.filter((id) => id !== bob?.eventId && id !== extremity)
  const plan = { kind: 'given-state', extremity, eventIds } as const

  const expected = { type: 'm.room.member', stateKey: '@bob:b', from: bob?.eventId, to: undefined }
  const before = await hs.room(roomId)
  expect((await repairRoom(parts(hs), roomId, plan, DRY)).entries).toEqual([expected])
  expect(await hs.room(roomId)).toEqual(before)

  await repairRoom(parts(hs), roomId, plan, APPLIED)
  expect(await hs.current(roomId)).toEqual(state.filter((id) => id !== bob?.eventId))
  const { nid } = await hs.room(roomId)
  expect(await hs.storage.joinedServers(nid)).toEqual(['a'])
  expect((await hs.storage.journal(nid, { limit: 100 })).at(-1)).toMatchObject({
    cause: { kind: 'repair', by: 'operator' },
    reset: true,
  })
  expect((await hs.outputs()).at(-1)?.new_room_event).toMatchObject({ rewrites_state: true })
  expect((await repairRoom(parts(hs), roomId, { kind: 'recompute-state' }, DRY)).entries).toEqual([])
})

it('keeps a given state with the next event beside the extremity that it was given for', async () => {
  await using hs = await Homeserver.start()
  const room = await roomOf(hs)
  const prev = room.extremities
  const name = await room.state('m.room.name', '', { name: 'known to others' }, { prev })
  const [first, second] = [await room.message('first', { prev }), await room.message('second', { prev })]
  await hs.take(name, { kind: InputKind.outlier })
  await hs.takeAll([first, second])
  const eventIds = [...(await hs.current(room.roomId)), name.eventId]
  const plan = { kind: 'given-state', extremity: first.eventId, eventIds } as const
  await repairRoom(parts(hs), room.roomId, plan, APPLIED)
  expect(await hs.current(room.roomId)).toContain(name.eventId)
  const topic = await room.state('m.room.topic', '', { topic: 'third' }, { prev: [second] })
  await hs.take(topic)
  expect(await hs.stateAt((await hs.event(topic.eventId))?.before ?? NO_NID)).not.toContain(name.eventId)
  expect(await hs.extremities(room.roomId)).toHaveLength(2)
  expect(await hs.current(room.roomId)).toContain(name.eventId)
})

it('prunes extremities that others build on', async () => {
  await using hs = await Homeserver.start()
  const room = await roomOf(hs)
  const record = await hs.room(room.roomId)
  const [create] = await hs.storage.eventsById([room.events[2]?.eventId ?? ''])
  const extremities = [...record.extremities, ...(create === undefined ? [] : [create.nid])]
  await hs.storage.commit([{ ...NO_CHANGES, room: record, next: { ...record, extremities } }])

  await using beside = hs.beside()
  expect(await beside.extremities(room.roomId)).toHaveLength(2)
  const pruned = await repairRoom(parts(beside), room.roomId, { kind: 'prune-extremities' }, APPLIED)
  expect(pruned.extremities.from).toHaveLength(2)
  expect(pruned.extremities.to).toEqual([room.events.at(-1)?.eventId])
  expect(await beside.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
  expect(await beside.current(room.roomId)).toEqual(await hs.stateAt(record.current))
})

/** A room whose extremities are its last event and the one so many events before it. */
async function withStaleExtremity(hs: Homeserver, between: number) {
  const room = await roomOf(hs)
  const [stale] = room.extremities
  for (let i = 0; i < between; i++) await hs.take(await room.message(`${i}`))
  const [last] = room.extremities
  const record = await hs.room(room.roomId)
  const older = await hs.event(stale?.eventId ?? '')
  const extremities = [...record.extremities, ...(older === undefined ? [] : [older.nid])]
  await hs.storage.commit([{ ...NO_CHANGES, room: record, next: { ...record, extremities } }])
  return { room, stale: stale?.eventId ?? '', last: last?.eventId ?? '' }
}

it.each([
  [4, true],
  [5, false],
])('walks through 4 events to find whether others build on one %i events back', async (back, isFound) => {
  await using hs = await Homeserver.start()
  const { room, stale, last } = await withStaleExtremity(hs, back)
  await using beside = hs.beside()
  const kept = await beside.input.runTask({
    roomId: room.roomId,
    version: room.rules.version,
    name: 'finding extremities',
    bytes: 0,
    decide: function* (draft) {
      return yield* idsOf(draft.view, yield* prunedExtremities(draft, 4))
    },
  })
  expect(kept.toSorted()).toEqual((isFound ? [last] : [stale, last]).toSorted())
})

it('prunes extremities that are not accepted where another one is', async () => {
  await using hs = await Homeserver.start()
  const room = await roomOf(hs)
  const [last] = room.extremities
  const rejected = await room.message('let me in', { sender: '@eve:e' })
  expect(await hs.take(rejected)).toMatchObject({ verdict: 'rejected-by-auth-events' })
  const record = await hs.room(room.roomId)
  const found = await hs.event(rejected.eventId)
  const extremities = [...record.extremities, ...(found === undefined ? [] : [found.nid])]
  await hs.storage.commit([{ ...NO_CHANGES, room: record, next: { ...record, extremities } }])
  await using beside = hs.beside()
  await repairRoom(parts(beside), room.roomId, { kind: 'prune-extremities' }, APPLIED)
  expect(await beside.extremities(room.roomId)).toEqual([last?.eventId])
})

it('keeps the extremities where none of them is accepted', async () => {
  await using hs = await Homeserver.start()
  const room = await roomOf(hs)
  const rejected = await room.message('let me in', { sender: '@eve:e' })
  expect(await hs.take(rejected)).toMatchObject({ verdict: 'rejected-by-auth-events' })
  const record = await hs.room(room.roomId)
  const found = await hs.event(rejected.eventId)
  const extremities = found === undefined ? [] : [found.nid]
  await hs.storage.commit([{ ...NO_CHANGES, room: record, next: { ...record, extremities } }])
  await using beside = hs.beside()
  const pruned = await repairRoom(parts(beside), room.roomId, { kind: 'prune-extremities' }, DRY)
  expect(pruned.extremities).toEqual({ from: [rejected.eventId], to: [rejected.eventId] })
})

it('asks servers for their states, and counts who tells the same', async () => {
  await using other = await Homeserver.start()
  const room = await roomOf(other)
  const honest = await otherServer(other)
  const federation = {
    ...honest,
    lookupStateIds: async (request: Parameters<typeof honest.lookupStateIds>[0]) => {
      if (request.S === 'gone') throw new Error('no such host')
      return await honest.lookupStateIds(request)
    },
  } as unknown as FederationApi
  await using hs = await Homeserver.start({ federation })
  const ids = [await room.join('@carol:c'), await room.join('@dave:gone')]
  await hs.takeAll(room.events)
  await other.takeAll(ids)
  const { states, failures } = (await hs.input.repairs?.serverStateReport(room.roomId)) ?? {}
  const before = (await hs.current(room.roomId)).filter((id) => id !== ids[1]?.eventId)
  expect(states).toMatchObject([{ servers: ['b', 'c'], extremity: ids[1]?.eventId }])
  expect(states?.[0]?.eventIds.toSorted()).toEqual(before)
  expect(failures).toEqual(new Map([['gone', 'no such host']]))
})

it('asks so many servers, at the deepest of several ends, and tells what most say first', async () => {
  await using other = await Homeserver.start()
  const room = await roomOf(other)
  for (const name of ['c', 'd', 'e', 'f']) await room.join(`@user:${name}`)
  const [fork] = room.extremities
  const prev = fork === undefined ? [] : [fork]
  const deep = await room.message('and deep', { prev: [await room.message('deep', { prev })] })
  const shallow = await room.message('shallow', { prev })
  await other.takeAll(room.events)
  const honest = await otherServer(other)
  const asked: string[] = []
  const federation = {
    ...honest,
    lookupStateIds: async (request: Parameters<typeof honest.lookupStateIds>[0]) => {
      asked.push(request.EventID)
      const answer = await honest.lookupStateIds(request)
      if (request.S === 'b') return { ...answer, pdu_ids: answer.pdu_ids.slice(0, 1) }
      if (request.S === 'c')
        return { ...answer, pdu_ids: answer.pdu_ids.filter((id) => id !== fork?.eventId) }
      return answer
    },
  } as unknown as FederationApi
  await using hs = await Homeserver.start({ federation }, {}, { maxServers: 4 })
  await hs.takeAll(room.events)
  expect(await hs.extremities(room.roomId)).toEqual([deep.eventId, shallow.eventId].toSorted())
  const report = await hs.input.repairs?.serverStateReport(room.roomId)
  const whole = await hs.current(room.roomId)
  // What b tells has not even what the event references, and is not used as the state before it.
  expect(
    report?.states.map(({ eventIds, ...state }) => ({ ...state, eventIds: eventIds.toSorted() })),
  ).toEqual([
    { servers: ['d', 'e'], extremity: deep.eventId, eventIds: whole },
    { servers: ['c'], extremity: deep.eventId, eventIds: whole.filter((id) => id !== fork?.eventId) },
  ])
  expect(report?.failures).toEqual(new Map())
  expect(asked).toEqual([deep, deep, deep, deep].map(({ eventId }) => eventId))
})

it.each([
  [
    'is of an event that is not an end of the room any more',
    (room: RoomBuilder) => room.events[2]?.eventId,
    [],
  ],
  ['is of an event that is not stored', () => '$nothing', []],
  ['has an event that is not stored', (room: RoomBuilder) => room.extremities[0]?.eventId, ['$nothing']],
])('takes no given state that %s', async (_why, find, more) => {
  await using hs = await Homeserver.start()
  const room = await roomOf(hs)
  const eventIds = [...(await hs.current(room.roomId)), ...more]
  const before = await hs.room(room.roomId)
  const plan = { kind: 'given-state', extremity: find(room) ?? '', eventIds } as const
  await expect(repairRoom(parts(hs), room.roomId, plan, APPLIED)).rejects.toMatchObject({
    code: 'BAD_REQUEST',
  })
  expect(await hs.room(room.roomId)).toEqual(before)
})

it('takes a given state before a message, which adds nothing to it', async () => {
  await using hs = await Homeserver.start()
  const room = await roomOf(hs)
  const message = await room.message('hello')
  await hs.take(message)
  const topic = room.events.find(({ type }) => type === 'm.room.topic')?.eventId
  const eventIds = (await hs.current(room.roomId)).filter((id) => id !== topic)
  const plan = { kind: 'given-state', extremity: message.eventId, eventIds } as const
  expect(await repairRoom(parts(hs), room.roomId, plan, APPLIED)).toEqual({
    extremities: { from: [message.eventId], to: [message.eventId] },
    entries: [{ type: 'm.room.topic', stateKey: '', from: topic, to: undefined }],
  })
  expect(await hs.current(room.roomId)).toEqual(eventIds)
})

it('asks nobody for the state of a room whose version it does not know', async () => {
  const federation = { lookupStateIds: () => Promise.reject(new Error('asked')) } as unknown as FederationApi
  await using hs = await Homeserver.start({ federation })
  const { roomId } = await roomOf(hs)
  const record = await hs.room(roomId)
  await hs.storage.commit([{ ...NO_CHANGES, room: record, next: { ...record, version: 'from the future' } }])
  await using beside = hs.beside({ federation })
  await expect(beside.input.repairs?.serverStateReport(roomId)).rejects.toMatchObject({
    code: 'ROOM_NOT_FOUND',
    message: `room ${roomId} is not known here`,
  })
})

it('does not know rooms that have no state here', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events.slice(0, 1))
  const other = await RoomBuilder.create({ roomId: '!beside:a' })
  for (const event of other.events.slice(0, 2)) await hs.take(event, { kind: InputKind.outlier })
  expect(await hs.room('!beside:a')).toMatchObject({ current: 0 })
  for (const roomId of ['!nowhere:a', '!beside:a']) {
    const error = { code: 'ROOM_NOT_FOUND', message: `room ${roomId} is not known here` }
    const repaired = repairRoom(parts(hs), roomId, { kind: 'recompute-state' }, DRY)
    await expect(repaired).rejects.toMatchObject(error)
  }
})
