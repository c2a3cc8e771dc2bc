import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectJetStream } from '@roomserver/producers'
import { RoomBuilder } from '@roomserver/testing'
import type { Logger } from '@roomserver/types'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { type Engine, type EngineOptions, openEngine } from '../src/index.ts'
import { newDatabase } from './new-database.ts'
import { expectWhole, take } from './purged-rooms.ts'

const [ALICE, BOB] = ['@alice:example.org', '@bob:example.org']
const REQUEST = { requester: '@admin:example.org', dry_run: false, before_event: '', older_than_ms: 0 }
const DAY_MS = 86_400_000

describe.each(['sqlite', 'postgres'] as const)('purging the history of rooms on %s', (dialect) => {
  let parts: AsyncDisposableStack
  let audit: string[]
  let store: string
  let key: string

  beforeEach(async () => {
    parts = new AsyncDisposableStack()
    audit = []
    const folder = mkdtempSync(join(tmpdir(), 'purge-history-'))
    key = join(folder, 'key.pem')
    store = dialect === 'sqlite' ? join(folder, 'rooms.db') : parts.use(await newDatabase()).url
  })

  afterEach(() => parts.disposeAsync())

  async function open(options: Partial<EngineOptions> = {}): Promise<Engine> {
    const note: Logger['info'] = (fields) => {
      if (fields['audit'] !== undefined) audit.push(JSON.stringify(fields))
    }
    return await openEngine({
      serverName: 'example.org',
      store,
      signingKey: key,
      logger: { debug: () => {}, info: note, warn: () => {}, error: () => {} },
      ...options,
    })
  }

  const purge = (rooms: Engine, room_id: string, how: Partial<typeof REQUEST>) =>
    rooms.parts.administration.purgeHistory({ room_id, ...REQUEST, ...how })
  const stepOf = async (rooms: Engine, room_id: string) => {
    const { purges } = await rooms.parts.administration.historyPurges({ cursor: '', limit: 0 })
    return purges.find((one) => one.room_id === room_id)?.step
  }
  const isDone = (rooms: Engine, room: string) =>
    expect.poll(() => stepOf(rooms, room), { timeout: 20_000 }).toBe('done')

  /** A room with a user of ours, in which the topic and what is said change many times. */
  async function talkativeRoom(): Promise<RoomBuilder> {
    const room = await RoomBuilder.create({ creator: '@carol:c.example', roomId: '!room:c.example' })
    await room.join(BOB)
    for (let at = 0; at < 20; at++) {
      await room.state('m.room.topic', '', { topic: `topic ${at}` })
      await room.message(`message ${at}`)
    }
    return room
  }

  const idAt = ({ events }: RoomBuilder, fromEnd: number): string => events.at(-fromEnd)?.eventId ?? ''

  it('deletes what lies before an event, after a dry run that says what, and the room goes on', async () => {
    await using rooms = await open()
    const room = await talkativeRoom()
    const { roomId } = room
    expect(await take(rooms, room.events)).toMatchObject({ ErrMsg: '' })
    const size = await rooms.parts.storage.roomSize((await rooms.parts.storage.room(roomId))!.nid)
    const dry = await purge(rooms, roomId, { before_event: idAt(room, 4), dry_run: true })
    // The create event, levels, join rules and two memberships stay, and the topic that the event at the cut replaced.
    expect(dry).toMatchObject({ events: 35, local_events: 0, kept_events: 6, is_under_way: false })
    for (const count of [dry.states, dry.changes, dry.outputs, dry.bytes]) expect(count).toBeGreaterThan(10)
    expect(await stepOf(rooms, roomId)).toBeUndefined()
    expect(await purge(rooms, roomId, { before_event: idAt(room, 4) })).toMatchObject({ events: 35 })
    await isDone(rooms, roomId)
    const { nid } = (await rooms.parts.storage.room(roomId))!
    expect(await rooms.parts.storage.roomSize(nid)).toMatchObject({ events: size.events - 35 })
    await expectWhole(dialect, store)

    // What is gone is not answered, and the answer says why.
    const gone = idAt(room, 20)
    expect((await rooms.operations.queryEventsById({ event_ids: [gone] })).events ?? []).toEqual([])
    const { inspection } = rooms.parts
    await expect(inspection.event({ event_id: gone })).rejects.toMatchObject({ code: 'EVENT_PURGED' })
    for (const event_id of [gone, room.events[0]?.eventId ?? '']) {
      const at = { event_id, side: 'after' }
      const request = { room_id: roomId, at, cursor: '', limit: 0, type: '' }
      await expect(inspection.state(request)).rejects.toMatchObject({ code: 'EVENT_PURGED' })
    }
    const unknown = { event_id: '$nowhere', side: 'after' }
    await expect(
      inspection.state({ room_id: roomId, at: unknown, cursor: '', limit: 0, type: '' }),
    ).rejects.toMatchObject({ code: 'EVENT_NOT_FOUND' })

    // What came before does not come again, nor is it announced again.
    const latest = await rooms.parts.storage.latestOutput()
    expect(await take(rooms, room.events.slice(10, 11))).toMatchObject({
      ErrMsg: /was purged with the history/,
    })
    expect(await take(rooms, room.events.slice(-3))).toMatchObject({ ErrMsg: '' })
    expect(await rooms.parts.storage.latestOutput()).toBe(latest)

    const page = await rooms.messages(roomId, { limit: 100 })
    expect(page.events.map(({ event_id: id }) => id)).toEqual(
      room.events
        .slice(-4)
        .toReversed()
        .map(({ eventId }) => eventId),
    )
    await rooms.send(roomId, BOB, 'm.room.message', { msgtype: 'm.text', body: 'hello' })
    expect(await rooms.stateEvent(roomId, 'm.room.topic')).toMatchObject({ content: { topic: 'topic 19' } })
    expect(await purge(rooms, roomId, { before_event: idAt(room, 4), dry_run: true })).toMatchObject({
      events: 0,
    })
    await expect(purge(rooms, roomId, { before_event: gone })).rejects.toMatchObject({ code: 'EVENT_PURGED' })
    expect(audit.at(0)).toContain('"requester":"@admin:example.org"')
    await expectWhole(dialect, store)
  })

  it('deletes what is older than an age', async () => {
    await using rooms = await open()
    const room = await RoomBuilder.create({ creator: ALICE, roomId: '!aged:example.org' })
    for (let at = 0; at < 5; at++) await room.message(`old ${at}`)
    expect(await take(rooms, room.events)).toMatchObject({ ErrMsg: '' })
    const { roomId } = room
    for (let at = 0; at < 2; at++)
      await rooms.send(roomId, ALICE, 'm.room.message', { msgtype: 'm.text', body: `new ${at}` })
    const dry = await purge(rooms, roomId, { older_than_ms: 10 * DAY_MS, dry_run: true })
    // The create event, its creator, the levels and the join rules stay; what was said goes.
    expect(dry).toMatchObject({ events: 5, local_events: 5, kept_events: 4 })
    await purge(rooms, roomId, { older_than_ms: 10 * DAY_MS })
    await isDone(rooms, roomId)
    const page = await rooms.messages(roomId, { limit: 100 })
    expect(page.events.map(({ content }) => content['body'])).toEqual(['new 1', 'new 0'])
    expect(page.missing ?? []).toEqual([])
    await expectWhole(dialect, store)
    for (const how of [
      {},
      { older_than_ms: 1, before_event: '$x' },
      { older_than_ms: Number.MAX_SAFE_INTEGER },
    ])
      await expect(purge(rooms, roomId, how)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it.each(['removing', 'deleting'] as const)('goes on after a stop while it was %s', async (step) => {
    const room = await talkativeRoom()
    const stopped = Promise.withResolvers<void>()
    {
      await using rooms = await open({
        atPoint: (point) => {
          if (point !== step) return
          stopped.resolve()
          throw new Error('the database is gone')
        },
      })
      await take(rooms, room.events)
      await purge(rooms, room.roomId, { before_event: idAt(room, 4) })
      await stopped.promise
      await expectWhole(dialect, store)
    }
    await using rooms = await open()
    await isDone(rooms, room.roomId)
    const { nid } = (await rooms.parts.storage.room(room.roomId))!
    expect(await rooms.parts.storage.roomSize(nid)).toMatchObject({ events: room.events.length - 35 })
    await expectWhole(dialect, store)
  })

  it('stops when the whole room is purged', async () => {
    await using rooms = await open({ maintenance: { purges: { noticeMs: 0, settleMs: 0 } } })
    const room = await rooms.createRoom(ALICE)
    const id = await rooms.send(room, ALICE, 'm.room.message', { msgtype: 'm.text', body: 'hello' })
    await purge(rooms, room, { before_event: id })
    await isDone(rooms, room)
    const whole = { room_id: room, requester: 'me', dry_run: false, leave_first: true, force: false }
    await rooms.parts.administration.purgeRoom(whole)
    await expect
      .poll(async () => (await rooms.parts.administration.purges({ cursor: '', limit: 0 })).purges[0]?.step, {
        timeout: 20_000,
      })
      .toBe('done')
    expect(await stepOf(rooms, room)).toBeUndefined()
    await expectWhole(dialect, store)
  })

  if (dialect === 'sqlite') return

  it('deletes nothing that consumers have not been told of', async () => {
    const place = { servers: [inject('natsUrl')], topicPrefix: `Purge${randomUUID()}`, inMemory: true }
    const bus = await connectJetStream(place)
    parts.defer(() => bus.close())
    await using rooms = await open({ outputs: { kind: 'jetstream', ...place } })
    const room = await talkativeRoom()
    await take(rooms, room.events)
    await purge(rooms, room.roomId, { before_event: idAt(room, 4) })
    await isDone(rooms, room.roomId)
    expect(await bus.lastSequence()).toBe(room.events.length)
    await expectWhole(dialect, store)
  })
})
