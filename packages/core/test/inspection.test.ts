import type { InspectionApi } from '@roomserver/api'
import { openEvents, readEventFile } from '@roomserver/inspect'
import { openStorage, type Storage } from '@roomserver/storage'
import { createDatabase, RoomBuilder } from '@roomserver/testing'
import { systemClock } from '@roomserver/types'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createRoomInspection } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

/** A room with branches, a state reset, rejected and soft-failed events. */
async function troubledRoom(version: string): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ version, roomId: `!troubled-${version}:a` })
  await room.join('@bob:b')
  await room.join('@carol:c')
  const levels = await room.state('m.room.power_levels', '', {
    users: version === '12' ? { '@bob:b': 50 } : { '@alice:a': 100, '@bob:b': 50 },
  })
  await room.state('m.room.topic', '', { topic: 'first' }, { sender: '@bob:b' })
  await room.state('m.room.topic', '', { topic: 'second' }, { sender: '@bob:b' })
  await room.member('@carol:c', '@bob:b', 'ban')
  const ban = await room.member('@alice:a', '@carol:c', 'ban', { prev: [levels] })
  await room.message('still here', { sender: '@carol:c', prev: [levels] })
  const users = version === '12' ? {} : { '@alice:a': 100 }
  const demotion = await room.state('m.room.power_levels', '', { users }, { prev: [ban] })
  await room.message('merge', { prev: [...room.extremities] })
  await room.message('on it goes', { prev: [demotion] })
  return room
}

describe.each(['sqlite', 'postgres'] as const)('the inspection of a store on %s', (dialect) => {
  const opened = new AsyncDisposableStack()
  let hs: Homeserver

  beforeAll(async () => {
    hs = opened.use(new Homeserver(await store()))
  })

  afterAll(() => opened.disposeAsync())

  async function store(): Promise<Storage> {
    if (dialect === 'sqlite') return await openStorage({ dialect, file: ':memory:' })
    const database = opened.use(await createDatabase(inject('postgresUrl')))
    return await openStorage({ dialect, connectionString: database.url })
  }

  const inspected = (): InspectionApi =>
    createRoomInspection({
      store: hs.storage,
      cache: hs.cache,
      clock: systemClock,
      serverName: 'a',
      input: hs.input,
    })

  it.each(['6', '11', '12'])(
    'answers about a room of version %s as an inspection of its exported events does',
    async (version) => {
      const room = await troubledRoom(version)
      for (const event of room.events) await hs.take(event)
      const here = inspected()
      const { events } = await here.exportRoom({ room_id: room.roomId, cursor: '', limit: 0 })
      expect(events.map(({ event_id: id }) => id)).toEqual(room.events.map(({ eventId }) => eventId))
      const text = events.map(({ pdu }) => pdu).join('\n')
      const { inspection: file } = await openEvents(readEventFile(text))
      const both = async <Answer>(ask: (api: InspectionApi) => Promise<Answer>): Promise<Answer> => {
        const [answer, other] = [await ask(here), await ask(file)]
        expect(answer).toEqual(other)
        return answer
      }
      const page = { room_id: room.roomId, cursor: '', limit: 0 }
      const verdicts = new Set<string>()
      for (const { eventId } of room.events) {
        const { verdict } = await both((api) => api.event({ event_id: eventId }))
        verdicts.add(verdict.verdict)
        await both((api) => api.explain({ room_id: '', event_id: eventId, type: '', state_key: '' }))
        await both((api) => api.resolution({ room_id: room.roomId, at: eventId, moment: 'arrival' }))
        for (const side of ['before', 'after'])
          await both((api) => api.state({ ...page, at: { event_id: eventId, side }, type: '' }))
      }
      expect(verdicts).toContain('accepted')
      expect(verdicts).toContain('soft-failed')
      expect([...verdicts].some((verdict) => verdict.startsWith('rejected'))).toBe(true)
      const journal = await both((api) =>
        api.journal({ ...page, resets_only: false, type: '', state_key: '' }),
      )
      expect(journal.entries.some((entry) => entry.is_reset)).toBe(true)
      await both((api) => api.journal({ ...page, resets_only: true, type: '', state_key: '' }))
      await both((api) => api.history({ ...page, type: 'm.room.topic', state_key: '' }))
      await both((api) => api.members({ ...page, membership: 'join', server: '' }))
      await both((api) => api.members({ ...page, membership: '', server: 'c' }))
      await both((api) => api.graph({ room_id: room.roomId, from: [], direction: '', limit: 3 }))
      await both((api) => api.resolution({ room_id: room.roomId, at: '', moment: '' }))
      await both((api) => api.events({ ...page, search: '', type: '', sender: '@bob:b', status: '' }))
      const topic = { room_id: room.roomId, event_id: '', type: 'm.room.topic', state_key: '' }
      await both((api) => api.explain(topic))
      const summary = async (api: InspectionApi) => {
        const { storage: _storage, problems: _problems, ...answer } = await api.room({ room_id: room.roomId })
        const {
          joined_local_members: _local,
          bytes: _bytes,
          slowest_resolution_ms: _slowest,
          ...figures
        } = answer.room
        return { ...answer, room: figures }
      }
      await both(summary)
      // The room has branches, which were resolved here.
      const { room: noted } = await here.room({ room_id: room.roomId })
      expect(noted.slowest_resolution_ms).toBeGreaterThan(0)
    },
  )

  it('sorts and finds rooms', async () => {
    const small = await RoomBuilder.create({ roomId: '!small:a' })
    await small.state('m.room.name', '', { name: 'The Small Room' })
    const large = await RoomBuilder.create({ roomId: '!large:a' })
    for (let i = 0; i < 8; i++) await large.join(`@user${i}:b`)
    for (const event of [...small.events, ...large.events]) await hs.take(event)
    const asked = { search: '!', sort: 'members', is_reversed: false, cursor: '', limit: 1 }
    const first = await inspected().rooms(asked)
    expect(first.rooms).toMatchObject([
      { room_id: '!large:a', joined_members: 9, joined_local_members: 1, events: 12, extremities: 1 },
    ])
    const second = await inspected().rooms({ ...asked, cursor: first.next })
    expect(second.rooms).toHaveLength(1)
    expect(second.total).toBe(first.total)
    const found = await inspected().rooms({ ...asked, search: 'small ro', limit: 10 })
    expect(found.rooms.map(({ name }) => name)).toEqual(['The Small Room'])
    await expect(inspected().rooms({ ...asked, sort: 'colour' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  it('goes on with figures that were counted before', async () => {
    const room = await RoomBuilder.create({ roomId: '!counted:a' })
    for (const event of room.events) await hs.take(event)
    const api = inspected()
    const count = async () => (await api.room({ room_id: '!counted:a' })).room
    expect(await count()).toMatchObject({ events: 4, rejected: 0, gaps: 0 })
    await hs.take(await room.message('no', { sender: '@stranger:b' }))
    await hs.take(await room.message('yes'))
    expect(await count()).toMatchObject({ events: 6, rejected: 1 })
    expect(await api.room({ room_id: '!counted:a' })).toEqual(
      await inspected().room({ room_id: '!counted:a' }),
    )
  })

  it('tells which rooms operators blocked', async () => {
    const room = await RoomBuilder.create({ roomId: '!blocked:a' })
    for (const event of room.events) await hs.take(event)
    const block = { roomId: '!blocked:a', by: 'ops', reason: 'spam', sinceTs: 1 }
    await hs.input.blockedRooms.block(block)
    const answer = await inspected().room({ room_id: '!blocked:a' })
    expect(answer.room.is_blocked).toBe(true)
    expect(answer.problems[0]).toContain('An operator blocked it')
    await hs.input.blockedRooms.unblock('!blocked:a')
    expect((await inspected().room({ room_id: '!blocked:a' })).room.is_blocked).toBe(false)
  })

  it('says what it does not know', async () => {
    const api = inspected()
    const page = { cursor: '', limit: 0 }
    const nowhere = { room_id: '!none:a', ...page }
    await expect(api.room({ room_id: '!none:a' })).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' })
    await expect(api.room({ room_id: '#none:a' })).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' })
    await expect(api.exportRoom(nowhere)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' })
    await expect(api.event({ event_id: '$none' })).rejects.toMatchObject({ code: 'EVENT_NOT_FOUND' })
    await expect(api.jobs({ room_id: '', cursor: '', limit: 501 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
  })

  it('tells what the process does', async () => {
    const activity = await inspected().activity({})
    expect(activity).toMatchObject({ server_name: 'a', rooms: [], inbox: 0 })
    expect(activity.figures.find(({ name }) => name === 'verdict_accepted')?.value).toBeGreaterThan(10)
    expect(await inspected().jobs({ room_id: '', cursor: '', limit: 0 })).toEqual({ jobs: [], next: '' })
  })
})
