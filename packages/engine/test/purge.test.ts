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
const REQUEST = { requester: '@admin:example.org', dry_run: false, leave_first: false, force: false }
const text = { msgtype: 'm.text', body: 'hello' }

describe.each(['sqlite', 'postgres'] as const)('purging rooms on %s', (dialect) => {
  let parts: AsyncDisposableStack
  let audit: string[]
  let store: string
  let key: string

  beforeEach(async () => {
    parts = new AsyncDisposableStack()
    audit = []
    const folder = mkdtempSync(join(tmpdir(), 'purge-'))
    key = join(folder, 'key.pem')
    store = dialect === 'sqlite' ? join(folder, 'rooms.db') : parts.use(await newDatabase()).url
  })

  afterEach(() => parts.disposeAsync())

  /** An engine that waits for no other process, unless told to. */
  async function open(options: Partial<EngineOptions> = {}): Promise<Engine> {
    const note: Logger['info'] = (fields) => {
      if (fields['audit'] !== undefined) audit.push(JSON.stringify(fields))
    }
    return await openEngine({
      serverName: 'example.org',
      store,
      signingKey: key,
      logger: { debug: () => {}, info: note, warn: () => {}, error: () => {} },
      maintenance: { purges: { noticeMs: 0, settleMs: 0 } },
      ...options,
    })
  }

  const purge = (rooms: Engine, room_id: string, how: Partial<typeof REQUEST> = {}) =>
    rooms.parts.administration.purgeRoom({ room_id, ...REQUEST, ...how })
  const stepOf = async (rooms: Engine, room_id: string) => {
    const { purges } = await rooms.parts.administration.purges({ cursor: '', limit: 0 })
    return purges.find((one) => one.room_id === room_id)?.step
  }
  const reaches = (rooms: Engine, room: string, step: string) =>
    expect.poll(() => stepOf(rooms, room)).toBe(step)

  /** A room of another server, with a user of ours. */
  async function foreignRoom(): Promise<RoomBuilder> {
    const room = await RoomBuilder.create({ creator: '@carol:c.example', roomId: '!room:c.example' })
    await room.join(BOB)
    await room.state('m.room.topic', '', { topic: 'Tea' })
    for (let at = 0; at < 3; at++) await room.message(`message ${at}`)
    return room
  }

  it('deletes a room once the users of this server have left it, and says before what it would delete', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat' })
    await rooms.join(room, BOB)
    const other = await rooms.createRoom(ALICE, { preset: 'public_chat' })
    const dry = await purge(rooms, room, { dry_run: true })
    expect(dry).toMatchObject({ local_users: 2, is_under_way: false })
    expect(dry.events).toBeGreaterThan(5)
    for (const count of [dry.states, dry.blocks, dry.outputs, dry.bytes]) expect(count).toBeGreaterThan(0)
    await expect(purge(rooms, room)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('2 users of this server') as string,
    })
    await rooms.send(room, BOB, 'm.room.message', text)
    await purge(rooms, room, { leave_first: true })
    await reaches(rooms, room, 'done')
    await expect(rooms.send(room, ALICE, 'm.room.message', text)).rejects.toMatchObject({
      code: 'ROOM_NOT_FOUND',
    })
    await expect(purge(rooms, room)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' })
    expect(await rooms.stateEvent(other, 'm.room.create')).toBeDefined()
    await rooms.send(other, ALICE, 'm.room.message', text)
    expect(audit.filter((line) => line.includes('"audit":"purgeRoom"'))).toHaveLength(4)
    expect(audit.at(-2)).toContain('"requester":"@admin:example.org"')
    await expectWhole(dialect, store)
  })

  it('begins when the users of this server have left, however long that takes', async () => {
    const begun: number[] = []
    const opened = Promise.withResolvers<Engine>()
    await using rooms = await open({
      acceptance: {
        whenUnavailable: 'refuse',
        check: async ({ event }) => {
          if (event.content['membership'] === 'leave') {
            const { administration } = (await opened.promise).parts
            begun.push((await administration.purges({ cursor: '', limit: 0 })).purges.length)
          }
          return { accepted: true }
        },
      },
    })
    opened.resolve(rooms)
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat' })
    await rooms.join(room, BOB)
    await purge(rooms, room, { leave_first: true })
    expect([...new Set(begun)]).toEqual([0])
    await reaches(rooms, room, 'done')
  })

  it('takes the same room in again, whose outputs are numbered on', async () => {
    await using rooms = await open()
    const room = await foreignRoom()
    expect(await take(rooms, room.events)).toMatchObject({ ErrMsg: '' })
    const { storage } = rooms.parts
    const before = await storage.room(room.roomId)
    await purge(rooms, room.roomId, { force: true })
    await reaches(rooms, room.roomId, 'done')
    expect(await rooms.stateEvent(room.roomId, 'm.room.topic').catch(() => undefined)).toBeUndefined()
    // It is done in the database a moment before the process knows.
    await expect.poll(() => take(rooms, room.events), { timeout: 20_000 }).toMatchObject({ ErrMsg: '' })
    expect(await rooms.stateEvent(room.roomId, 'm.room.topic')).toMatchObject({ content: { topic: 'Tea' } })
    const after = await storage.room(room.roomId)
    expect(after?.outputSeq).toBe(2 * (before?.outputSeq ?? 0))
    const [first] = (await storage.outputs(0, 100)).filter(({ roomId }) => roomId === room.roomId)
    expect(first?.seq).toBe((before?.outputSeq ?? 0) + 1)
    await expectWhole(dialect, store)
  })

  it('goes on after a stop in the middle', async () => {
    const room = await foreignRoom()
    const stopped = Promise.withResolvers<void>()
    {
      await using rooms = await open({
        atPoint: (point) => {
          if (point !== 'purging') return
          stopped.resolve()
          throw new Error('the database is gone')
        },
      })
      await take(rooms, room.events)
      await purge(rooms, room.roomId, { force: true })
      await stopped.promise
      expect(await take(rooms, room.events)).toMatchObject({
        ErrMsg: /blocked on this server: it is being purged/,
      })
    }
    await using rooms = await open()
    await reaches(rooms, room.roomId, 'done')
    await expectWhole(dialect, store)
  })

  if (dialect === 'sqlite') return

  /** A stream of outputs of its own: processes share one. */
  async function newStream() {
    const place = { servers: [inject('natsUrl')], topicPrefix: `Purge${randomUUID()}`, inMemory: true }
    return { outputs: { kind: 'jetstream', ...place } as const, bus: await connectJetStream(place) }
  }

  it('is kept to by other processes, which drop what they have cached of the room', async () => {
    const { outputs, bus } = await newStream()
    parts.defer(() => bus.close())
    // It stays at the step in which the others drop it.
    await using one = await open({
      outputs,
      maintenance: { purges: { noticeMs: 0, settleMs: 3_600_000 } },
    })
    await using other = await open({ outputs, maintenance: false })
    const room = await foreignRoom()
    await take(other, room.events)
    const id = room.events.at(-1)?.eventId ?? ''
    const known = async (rooms: Engine) =>
      (await rooms.operations.queryEventsById({ event_ids: [id] })).events
    expect(await known(other)).toHaveLength(1)
    await purge(one, room.roomId, { force: true })
    await reaches(one, room.roomId, 'settling')
    await other.parts.input.blockedRooms.refresh()
    expect((await known(other)) ?? []).toHaveLength(0)
    expect(await take(other, room.events)).toMatchObject({
      ErrMsg: expect.stringContaining('it is being purged') as string,
    })
  })

  it('tells consumers that users left before it deletes the room', async () => {
    const { outputs, bus } = await newStream()
    parts.defer(() => bus.close())
    await using rooms = await open({ outputs })
    const room = await rooms.createRoom(ALICE)
    await purge(rooms, room, { leave_first: true })
    await reaches(rooms, room, 'done')
    // Six events of a new room, and the leave.
    expect(await bus.lastSequence()).toBe(7)
    await expectWhole(dialect, store)
  })
})
