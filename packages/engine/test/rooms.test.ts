import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { type Engine, openEngine, type RoomEvent, type RoomOutput } from '../src/index.ts'
import { newDatabase } from './new-database.ts'
import { join } from 'node:path'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'

const [ALICE, BOB] = ['@alice:example.org', '@bob:example.org']
const text = (body: string) => ({ msgtype: 'm.text', body })
const bodies = (events: readonly RoomEvent[]) => events.map(({ content }) => content['body'])

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  let parts: AsyncDisposableStack
  let store: string

  beforeEach(async () => {
    parts = new AsyncDisposableStack()
    store =
      dialect === 'sqlite'
        ? join(mkdtempSync(join(tmpdir(), 'rooms-')), 'rooms.db')
        : parts.use(await newDatabase()).url
  })

  afterEach(() => parts.disposeAsync())

  const keyFile = () => join(mkdtempSync(join(tmpdir(), 'key-')), 'signing-key.pem')
  const open = (signingKey = keyFile()): Promise<Engine> =>
    openEngine({ serverName: 'example.org', store, signingKey })

  it('has people talk', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat', name: 'Tea', topic: 'Leaves' })
    expect(await rooms.join(room, BOB, { content: { displayname: 'Bob' } })).toBe(room)
    const sent: string[] = []
    for (const body of ['one', 'two', 'three']) {
      sent.push(await rooms.send(room, BOB, 'm.room.message', text(body)))
    }
    const page = await rooms.messages(room, { limit: 2 })
    expect(bodies(page.events)).toEqual(['three', 'two'])
    const rest = await rooms.messages(room, { from: page.next })
    expect(rest.events.map(({ type }) => type)).toEqual([
      'm.room.message',
      'm.room.member',
      'm.room.topic',
      'm.room.name',
      'm.room.guest_access',
      'm.room.history_visibility',
      'm.room.join_rules',
      'm.room.power_levels',
      'm.room.member',
      'm.room.create',
    ])
    expect(rest.next).toBeUndefined()
    expect(rest.events[0]).toEqual({
      event_id: sent[0],
      room_id: room,
      sender: BOB,
      type: 'm.room.message',
      content: text('one'),
      origin_server_ts: expect.any(Number) as number,
    })
    await rooms.leave(room, BOB)
    const members = (await rooms.members(room)).map(({ userId, membership }) => `${userId} ${membership}`)
    expect(members.toSorted()).toEqual([`${ALICE} join`, `${BOB} leave`])
  })

  it('gives the state of a room, and entries of it', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE)
    expect(await rooms.stateEvent(room, 'm.room.topic')).toBeUndefined()
    const topic = await rooms.sendState(room, ALICE, 'm.room.topic', '', { topic: 'Leaves' })
    expect(await rooms.stateEvent(room, 'm.room.topic')).toMatchObject({ event_id: topic, state_key: '' })
    expect((await rooms.state(room)).map(({ event_id: id }) => id)).toContain(topic)
  })

  it('resumes a subscription where it ended, after a restart too', async () => {
    const key = keyFile()
    let position: number
    let room: string
    {
      await using rooms = await open(key)
      room = await rooms.createRoom(ALICE)
      await rooms.send(room, ALICE, 'm.room.message', text('before'))
      position = await rooms.position()
      await rooms.send(room, ALICE, 'm.room.message', text('between'))
    }
    await using rooms = await open(key)
    const other = await rooms.createRoom(BOB)
    const outputs = rooms.subscribe({ from: position, room })
    await rooms.send(room, ALICE, 'm.room.message', text('after'))
    await rooms.send(other, BOB, 'm.room.message', text('elsewhere'))
    expect(await take(outputs, 2)).toMatchObject([
      { type: 'new_room_event', roomId: room, event: { content: text('between'), sender: ALICE } },
      { type: 'new_room_event', roomId: room, event: { content: text('after') } },
    ])
  })

  it('subscribes to what comes from now on unless told otherwise, and waits for it', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE)
    const outputs = rooms.subscribe()
    const first = outputs.next()
    await rooms.send(room, ALICE, 'm.room.message', text('now'))
    expect((await first).value).toMatchObject({ event: { content: text('now') } })
  })

  it('ends a subscription when it is aborted or the engine is closed', async () => {
    const rooms = await open()
    const stop = new AbortController()
    const aborted = rooms.subscribe({ signal: stop.signal }).next()
    const closed = rooms.subscribe().next()
    stop.abort()
    expect(await aborted).toEqual({ done: true, value: undefined })
    await rooms[Symbol.asyncDispose]()
    expect(await closed).toEqual({ done: true, value: undefined })
    // One that begins then, and one that was never read.
    expect(await rooms.subscribe({ from: 0 }).next()).toEqual({ done: true, value: undefined })
    rooms.subscribe()
  })
})

/** The next outputs of a subscription. */
async function take(outputs: AsyncIterable<RoomOutput>, count: number): Promise<readonly RoomOutput[]> {
  const taken: RoomOutput[] = []
  for await (const output of outputs) if (taken.push(output) === count) break
  return taken
}

describe('in memory', () => {
  const open = () => openEngine({ serverName: 'example.org', store: ':memory:' })

  it('gives a new room what its options say', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE, {
      version: '11',
      preset: 'trusted_private_chat',
      alias: '#tea:example.org',
      invite: [BOB],
      isDirect: true,
      isPublished: true,
      powerLevels: { events_default: 10 },
      creationContent: { type: 'm.space', 'm.federate': false },
      initialState: [{ type: 'm.room.history_visibility', content: { history_visibility: 'joined' } }],
    })
    const content = async (type: string, key = '') => (await rooms.stateEvent(room, type, key))?.content
    expect(await content('m.room.create')).toEqual({
      room_version: '11',
      type: 'm.space',
      'm.federate': false,
    })
    expect(await content('m.room.power_levels')).toMatchObject({
      users: { [ALICE]: 100, [BOB]: 100 },
      events_default: 10,
    })
    expect(await content('m.room.history_visibility')).toEqual({ history_visibility: 'joined' })
    expect(await content('m.room.canonical_alias')).toEqual({ alias: '#tea:example.org' })
    expect(await content('m.room.member', BOB)).toMatchObject({ membership: 'invite', is_direct: true })
    expect(await rooms.join('#tea:example.org', BOB)).toBe(room)
    expect(await rooms.operations.queryPublishedRooms({ RoomID: '' })).toEqual({ RoomIDs: [room] })
  })

  it('gives a new room nothing of what its options leave out', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE, { invite: [BOB, BOB] })
    const types = (await rooms.state(room)).map(({ type }) => type.replace('m.room.', '')).toSorted()
    const preset = ['guest_access', 'history_visibility', 'join_rules']
    expect(types).toEqual(['create', 'member', 'member', 'power_levels', ...preset].toSorted())
    expect((await rooms.stateEvent(room, 'm.room.member', BOB))?.content).toEqual({ membership: 'invite' })
    expect((await rooms.stateEvent(room, 'm.room.join_rules'))?.content).toEqual({ join_rule: 'invite' })
    expect(await rooms.operations.queryPublishedRooms({ RoomID: '' })).toEqual({ RoomIDs: [] })
  })

  it('redacts with a reason and without', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE)
    const redacted = async (...reason: readonly string[]) => {
      const sent = await rooms.send(room, ALICE, 'm.room.message', text('Buy!'))
      await rooms.redact(room, ALICE, sent, ...reason)
      const { events } = await rooms.messages(room, { limit: 2 })
      expect(events[1]).toMatchObject({ event_id: sent, content: {} })
      return { redacts: events[0]?.content['redacts'] === sent, reason: events[0]?.content['reason'] }
    }
    expect(await redacted('spam')).toEqual({ redacts: true, reason: 'spam' })
    expect(await redacted('')).toEqual({ redacts: true, reason: '' })
    expect(await redacted()).toEqual({ redacts: true })
  })

  it('makes trusted users creators where creators stand above all levels', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE, {
      version: '12',
      preset: 'trusted_private_chat',
      invite: [BOB],
    })
    expect((await rooms.stateEvent(room, 'm.room.create'))?.content).toMatchObject({
      additional_creators: [BOB],
    })
    await rooms.join(room, BOB)
    await rooms.sendState(room, BOB, 'm.room.tombstone', '', { body: 'bye', replacement_room: room })
  })

  it.each(Array.from({ length: 12 }, (_, n) => String(n + 1)))(
    'makes rooms of version %s',
    async (version) => {
      await using rooms = await open()
      const room = await rooms.createRoom(ALICE, { version, preset: 'public_chat', name: 'Tea' })
      await rooms.join(room, BOB)
      await rooms.send(room, BOB, 'm.room.message', text('hello'))
      expect(bodies((await rooms.messages(room, { limit: 1 })).events)).toEqual(['hello'])
      expect(await rooms.operations.queryRoomVersionForRoom({ room_id: room })).toEqual({
        room_version: version,
      })
    },
  )

  type Attempt = (rooms: Engine, room: string) => Promise<unknown>
  const nowhere = '!nowhere:example.org'
  it.each<[string, string, Attempt]>([
    [
      'a message of somebody who is not in the room',
      'NOT_ALLOWED',
      (rooms, room) => rooms.send(room, BOB, 'm.room.message', text('x')),
    ],
    [
      'state that the levels forbid',
      'NOT_ALLOWED',
      (rooms, room) => rooms.sendState(room, BOB, 'm.room.name', '', {}),
    ],
    ['a join that needs an invite', 'NOT_ALLOWED', (rooms, room) => rooms.join(room, BOB)],
    [
      'a message into no room',
      'ROOM_NOT_FOUND',
      (rooms) => rooms.send(nowhere, ALICE, 'm.room.message', text('x')),
    ],
    ['the past of no room', 'ROOM_NOT_FOUND', (rooms) => rooms.messages(nowhere)],
    ['the state of no room', 'ROOM_NOT_FOUND', (rooms) => rooms.state(nowhere)],
    ['an entry of no room', 'ROOM_NOT_FOUND', (rooms) => rooms.stateEvent(nowhere, 'm.room.name')],
    ['the members of no room', 'ROOM_NOT_FOUND', (rooms) => rooms.members(nowhere)],
    ['leaving no room', 'ROOM_NOT_FOUND', (rooms) => rooms.leave(nowhere, ALICE)],
    ['a room of another server', 'COMPONENT_NOT_CONFIGURED', (rooms) => rooms.join('!far:b', ALICE)],
    ['an alias of another server', 'COMPONENT_NOT_CONFIGURED', (rooms) => rooms.join('#far:b', ALICE)],
    [
      'a user of another server',
      'COMPONENT_NOT_CONFIGURED',
      (rooms, room) => rooms.invite(room, ALICE, '@eve:b'),
    ],
    [
      'a sender of another server',
      'INVALID_ARGUMENT',
      (rooms, room) => rooms.send(room, '@eve:b', 'm.x', {}),
    ],
    [
      'a token that is none',
      'INVALID_ARGUMENT',
      (rooms, room) => rooms.messages(room, { from: 'yesterday' }),
    ],
    ['content that is a list', 'INVALID_ARGUMENT', (rooms, room) => rooms.send(room, ALICE, 'm.x', [])],
    [
      'content that is too long',
      'MALFORMED_EVENT',
      (rooms, room) => rooms.send(room, ALICE, 'm.x', text('x'.repeat(66_000))),
    ],
    [
      'a room of no version',
      'UNSUPPORTED_ROOM_VERSION',
      (rooms) => rooms.createRoom(ALICE, { version: '99' }),
    ],
    [
      'founding events as initial state',
      'INVALID_ARGUMENT',
      (rooms) => rooms.createRoom(ALICE, { initialState: [{ type: 'm.room.create', content: {} }] }),
    ],
    [
      'levels that the rules forbid',
      'NOT_ALLOWED',
      (rooms) => rooms.createRoom(ALICE, { powerLevels: { users: { [ALICE]: 100 } } }),
    ],
    [
      'an alias that is taken',
      'INVALID_ARGUMENT',
      async (rooms) => {
        await rooms.createRoom(ALICE, { alias: '#tea:example.org' })
        await rooms.createRoom(ALICE, { alias: '#tea:example.org' })
      },
    ],
  ])('fails with a code: %s', async (_what, code, attempt) => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE)
    const before = (await rooms.messages(room)).events.length
    await expect(attempt(rooms, room)).rejects.toMatchObject({ name: 'RoomserverError', code })
    expect((await rooms.messages(room)).events).toHaveLength(before)
  })

  // Callers without types: what is passed by mistake must be noticed, and named.
  type Misuse = (rooms: Engine, room: string, wrong: never) => Promise<unknown>
  it.each<[string, string, Misuse, unknown]>([
    ['no type', 'type', (rooms, room, wrong) => rooms.send(room, ALICE, wrong, {}), undefined],
    ['no content', 'content', (rooms, room, wrong) => rooms.send(room, ALICE, 'm.x', wrong), undefined],
    [
      'no state key',
      'stateKey',
      (rooms, room, wrong) => rooms.sendState(room, ALICE, 'm.x', wrong, {}),
      undefined,
    ],
    ['no sender', 'sender', (rooms, room, wrong) => rooms.send(room, wrong, 'm.x', {}), undefined],
    ['no room to send to', 'room', (rooms, _room, wrong) => rooms.send(wrong, ALICE, 'm.x', {}), undefined],
    ['no room to read', 'room', (rooms, _room, wrong) => rooms.messages(wrong), undefined],
    ['no room to look at', 'room', (rooms, _room, wrong) => rooms.members(wrong), undefined],
    ['a limit that is text', 'limit', (rooms, room, wrong) => rooms.messages(room, { limit: wrong }), '10'],
    ['half a limit', 'limit', (rooms, room, wrong) => rooms.messages(room, { limit: wrong }), 1.5],
    ['a token that is a number', 'from', (rooms, room, wrong) => rooms.messages(room, { from: wrong }), 1],
    ['nobody who joins', 'user', (rooms, room, wrong) => rooms.join(room, wrong), undefined],
    ['nobody who leaves', 'user', (rooms, room, wrong) => rooms.leave(room, wrong), undefined],
    ['nobody who is invited', 'user', (rooms, room, wrong) => rooms.invite(room, ALICE, wrong), undefined],
    [
      'servers that are not a list',
      'via',
      (rooms, room, wrong) => rooms.join(room, BOB, { via: wrong }),
      'b',
    ],
    ['an event without ID', 'eventId', (rooms, room, wrong) => rooms.redact(room, ALICE, wrong), undefined],
    [
      'a user instead of a list',
      'invite',
      (rooms, _room, wrong) => rooms.createRoom(ALICE, { invite: wrong }),
      BOB,
    ],
    [
      'an invite of no user',
      'invite',
      (rooms, _room, wrong) => rooms.createRoom(ALICE, { invite: wrong }),
      ['bob'],
    ],
    [
      'an alias of another server',
      'alias',
      (rooms, _room, wrong) => rooms.createRoom(ALICE, { alias: wrong }),
      '#a:b',
    ],
    [
      'another preset',
      'preset',
      (rooms, _room, wrong) => rooms.createRoom(ALICE, { preset: wrong }),
      'public',
    ],
    [
      'a preset for the options',
      'options',
      (rooms, _room, wrong) => rooms.createRoom(ALICE, wrong),
      'public_chat',
    ],
    [
      'an option by its name in the client API',
      'options.room_version',
      (rooms, _room, wrong) => rooms.createRoom(ALICE, wrong),
      { room_version: '10' },
    ],
    [
      'levels in a Map',
      'powerLevels',
      (rooms, _room, wrong) => rooms.createRoom(ALICE, { powerLevels: wrong }),
      new Map([['ban', 0]]),
    ],
    ['a token for the options', 'options', (rooms, room, wrong) => rooms.messages(room, wrong), 'token'],
    ['servers for the options', 'options', (rooms, room, wrong) => rooms.join(room, BOB, wrong), ['b']],
    ['null for the options', 'options', (rooms, room, wrong) => rooms.messages(room, wrong), null],
    ['a name that is not text', 'name', (rooms, _room, wrong) => rooms.createRoom(ALICE, { name: wrong }), 7],
  ])('names the argument: %s', async (_what, argument, misuse, wrong) => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE)
    const position = await rooms.position()
    await expect(misuse(rooms, room, wrong as never)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { argument },
    })
    expect(await rooms.position()).toBe(position)
  })

  it.each([
    ['from', { from: '5' }],
    ['from', { from: -1 }],
    ['from', { from: Number.NaN }],
    ['room', { room: 7 }],
    ['signal', { signal: {} }],
    ['options', '!room:example.org'],
    ['options.after', { after: 5 }],
  ])('names %s of a subscription', async (argument, options) => {
    await using rooms = await open()
    expect(() => rooms.subscribe(options as never)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ argument }) as object }) as Error,
    )
  })

  it('makes no room where an invite could not go out', async () => {
    await using rooms = await open()
    await expect(rooms.createRoom(ALICE, { invite: ['@eve:b'] })).rejects.toMatchObject({
      code: 'COMPONENT_NOT_CONFIGURED',
    })
    expect(await rooms.position()).toBe(0)
  })

  it('says that the outputs which a subscription continues with are gone', async () => {
    await using rooms = await open()
    const room = await rooms.createRoom(ALICE)
    for (let n = 0; n < 5; n++) await rooms.send(room, ALICE, 'm.room.message', text(`${n}`))
    const { storage } = rooms.parts
    await storage.trimOutputs({ maxCount: 2, maxBytes: 1e9, maxAgeMs: 1e9 }, 1, 100)
    await expect(rooms.subscribe({ from: 1 }).next()).rejects.toMatchObject({ code: 'OUTPUTS_TRIMMED' })
    const beyond = (await rooms.position()) + 5
    await expect(rooms.subscribe({ from: beyond }).next()).rejects.toMatchObject({
      code: 'OUTPUTS_POSITION_UNKNOWN',
    })
  })
})

it('has no subscription where outputs go to JetStream', async () => {
  const outputs = { kind: 'jetstream', servers: [inject('natsUrl')], topicPrefix: 'Engine' } as const
  await using rooms = await openEngine({ serverName: 'example.org', store: ':memory:', outputs })
  const failure = { code: 'COMPONENT_NOT_CONFIGURED', details: { component: 'output log' } }
  await expect(rooms.subscribe().next()).rejects.toMatchObject(failure)
  await expect(rooms.position()).rejects.toMatchObject(failure)
})
