import { mkdtempSync, renameSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import { openStorage, type StorageOptions } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import { type Engine, type EngineOptions, type FaultPoint, openEngine, readSigningKey } from '../src/index.ts'
import { newDatabase } from './new-database.ts'

const key = (server: string) => ({ server, keyId: 'ed25519:test', seed: 'A'.repeat(43) })

const open = (store: StorageOptions, change: Partial<EngineOptions> = {}): Promise<Engine> =>
  openEngine({ serverName: 'a', store, signingKey: key('a'), ...change })

const newFile = () => join(mkdtempSync(join(tmpdir(), 'engine-')), 'rooms.db')

describe.each(['sqlite', 'postgres'] as const)('on %s', (dialect) => {
  /** A store of its own that can be opened again. */
  async function newStore(parts: AsyncDisposableStack): Promise<StorageOptions> {
    if (dialect === 'sqlite') return { dialect, file: newFile() }
    const database = parts.use(await newDatabase())
    return { dialect, connectionString: database.url, maxConnections: 4 }
  }

  // Whoever held the engine had to call this themselves, and nothing said so.
  it('resumes input that a process before it queued', async () => {
    await using parts = new AsyncDisposableStack()
    const store = await newStore(parts)
    const room = await RoomBuilder.create()
    {
      await using storage = await openStorage(store)
      const items = room.events.map(({ roomId, rules, eventId, json }) => {
        const event = { roomVersion: rules.version, eventId, json }
        return { roomId, payload: JSON.stringify(filled(InputRoomEvent, { kind: InputKind.new, event })) }
      })
      await storage.enqueue(items, 'a process that is gone')
    }
    await using engine = await open(store)
    const last = room.extremities.map(({ eventId }) => eventId)
    const stored = async () => (await engine.operations.queryEventsById({ event_ids: last })).events
    await expect.poll(stored).toHaveLength(1)
    expect(await engine.parts.storage.inbox(0, 10)).toEqual([])
  })

  it('keeps the output log within its bounds', async () => {
    await using parts = new AsyncDisposableStack()
    const store = await newStore(parts)
    const room = await RoomBuilder.create()
    for (let n = 0; n < 5; n++) await room.message(`${n}`)
    {
      await using engine = await open(store)
      for (const { rules, eventId, json } of room.events) {
        const event = { roomVersion: rules.version, eventId, json }
        await engine.parts.input.ingest(filled(InputRoomEvent, { kind: InputKind.new, event }))
      }
    }
    await using engine = await open(store, { outputs: { kind: 'log', maxCount: 2 } })
    await expect.poll(() => engine.parts.storage.outputs(0, 10)).toHaveLength(2)
  })

  it('closes what it has opened when a later part cannot be made', async () => {
    await using parts = new AsyncDisposableStack()
    const store = await newStore(parts)
    await expect(open(store, { signingKey: key('b') })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { argument: 'signingKey' },
    })
    await using engine = await open(store)
    expect(await engine.readiness()).toEqual({
      ready: true,
      checks: { database: 'ok', outputs: 'kept in the database' },
    })
  })

  it('refuses the store of another homeserver', async () => {
    await using parts = new AsyncDisposableStack()
    const store = await newStore(parts)
    await (await open(store))[Symbol.asyncDispose]()
    await expect(open(store, { serverName: 'b', signingKey: key('b') })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message:
        'serverName: expected a, whose store this is, not b; the name of a homeserver cannot be changed',
    })
  })
})

it('has a SQLite file for itself, and gives it back', async () => {
  const store = { dialect: 'sqlite', file: newFile() } as const
  {
    await using engine = await open(store)
    expect(engine.serverName).toBe('a')
    await expect(open(store)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  }
  await (await open(store))[Symbol.asyncDispose]()
})

it('refuses what is not the address of a NATS server, which would be tried for ever', async () => {
  const outputs = { kind: 'jetstream', servers: ['ws://here'], topicPrefix: 'Any' } as const
  await expect(openEngine({ serverName: 'example.org', store: ':memory:', outputs })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: 'outputs' },
  })
})

it.each(['', 'not a name', 'https://example.org'])('refuses the server name %j', async (serverName) => {
  await expect(open({ dialect: 'sqlite', file: ':memory:' }, { serverName })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: 'serverName' },
  })
})

/** The points that an event passes in the process that takes it, and those before it when its sender does not wait. */
const ON_THE_WAY = ['reading', 'deciding', 'committing', 'writing', 'committed', 'answering']

// Crash runs kill the process at these points: one that no event passes any more would go unnoticed there.
it.each([
  [false, ON_THE_WAY],
  [true, ['queueing', 'queued', ...ON_THE_WAY]],
])('tells of the points that an event passes (asynchronous: %s)', async (isAsynchronous, expected) => {
  const passed: FaultPoint[] = []
  const atPoint = (point: FaultPoint): void => void passed.push(point)
  await using engine = await open({ dialect: 'sqlite', file: newFile() }, { atPoint })
  const room = await RoomBuilder.create()
  const events = room.events.map(({ rules, eventId, json }) =>
    filled(InputRoomEvent, { kind: InputKind.new, event: { roomVersion: rules.version, eventId, json } }),
  )
  await engine.parts.input.inputRoomEvents({ input_room_events: events.slice(0, -1), async: false })
  passed.length = 0
  await engine.parts.input.inputRoomEvents({
    input_room_events: events.slice(-1),
    async: isAsynchronous,
  })
  await expect.poll(() => passed).toContain('answering')
  // What is written in the background comes at any time.
  const own = passed.filter((point, at) => expected.includes(point) && passed.indexOf(point) === at)
  expect(own.filter((point) => point !== 'writing')).toEqual(expected.filter((point) => point !== 'writing'))
  expect(own).toContain('writing')
})

it('does nothing in the background for a tool that says so', async () => {
  const store = { dialect: 'sqlite', file: newFile() } as const
  const room = await RoomBuilder.create()
  {
    await using storage = await openStorage(store)
    const [create] = room.events
    await storage.enqueue([{ roomId: room.roomId, payload: create?.json ?? '' }], 'a process that is gone')
  }
  await using engine = await open(store, { maintenance: false })
  await engine.parts.input.settled()
  expect(await engine.parts.storage.inbox(0, 10)).toHaveLength(1)
})

it('makes a signing key beside the database when none is given, and keeps it', async () => {
  const store = newFile()
  const keyIds: string[] = []
  for (let start = 0; start < 2; start++) {
    await using engine = await openEngine({ serverName: 'a', store })
    expect((await engine.readiness()).ready).toBe(true)
    keyIds.push(readSigningKey(`${store}.signing-key.pem`).keyId)
  }
  expect(keyIds[0]).toMatch(/^ed25519:/)
  expect(keyIds[1]).toBe(keyIds[0])
  expect(statSync(`${store}.signing-key.pem`).mode & 0o777).toBe(0o600)
})

it('takes the key of a file that is named, and makes one there where it is missing', async () => {
  const signingKey = join(mkdtempSync(join(tmpdir(), 'key-')), 'mine.pem')
  await (await openEngine({ serverName: 'a', store: ':memory:', signingKey }))[Symbol.asyncDispose]()
  const { keyId } = readSigningKey(signingKey)
  await (await openEngine({ serverName: 'a', store: ':memory:', signingKey }))[Symbol.asyncDispose]()
  expect(readSigningKey(signingKey).keyId).toBe(keyId)
})

// Other servers know the old key, and refuse what is signed with a new one.
it('makes no other key for a store that has rooms', async () => {
  const store = newFile()
  {
    await using engine = await openEngine({ serverName: 'a', store })
    await engine.createRoom('@alice:a')
  }
  renameSync(`${store}.signing-key.pem`, `${store}.elsewhere.pem`)
  for (const signingKey of [undefined, `${store}.mistyped.pem`]) {
    await expect(openEngine({ serverName: 'a', store, signingKey })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { argument: 'signingKey', expected: expect.stringContaining('does not exist') as string },
    })
  }
  await using engine = await openEngine({ serverName: 'a', store, signingKey: `${store}.elsewhere.pem` })
  expect(engine.serverName).toBe('a')
})

it('wants a key for a PostgreSQL database, and leaves nothing open', async () => {
  await using database = await newDatabase()
  await expect(openEngine({ serverName: 'a', store: database.url })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument: 'signingKey' },
  })
  // Nothing was opened, nor the name of the homeserver kept.
  await (await openEngine({ serverName: 'b', store: database.url, signingKey: key('b') }))[
    Symbol.asyncDispose
  ]()
})

// Callers without types.
it.each([
  ['nothing', undefined, 'serverName'],
  ['no store', { serverName: 'a' }, 'store'],
  [
    'a key without its server',
    { serverName: 'a', store: ':memory:', signingKey: { keyId: 'ed25519:1' } },
    'signingKey',
  ],
  ['no key', { serverName: 'a', store: ':memory:', signingKey: null }, 'signingKey'],
  ['another kind of outputs', { serverName: 'a', store: ':memory:', outputs: { kind: 'nats' } }, 'outputs'],
])('names the option that is wrong: %s', async (_what, options, argument) => {
  await expect(openEngine(options as EngineOptions)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { argument },
  })
})
