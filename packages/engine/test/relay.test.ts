import { randomUUID } from 'node:crypto'
import { type Bus, connectJetStream } from '@roomserver/producers'
import { openStorage } from '@roomserver/storage'
import { expect, inject, it } from 'vitest'
import { type Engine, type FaultPoint, openEngine } from '../src/index.ts'
import { newDatabase } from './new-database.ts'

const ALICE = '@alice:a'
const signingKey = { server: 'a', keyId: 'ed25519:test', seed: 'A'.repeat(43) }

/** A stream of outputs of its own. */
async function newStream() {
  const place = { servers: [inject('natsUrl')], topicPrefix: `Engine${randomUUID()}`, inMemory: true }
  return { outputs: { kind: 'jetstream', ...place } as const, bus: await connectJetStream(place) }
}

/** Waits until the stream has as many messages, and none waits in the outbox. */
async function delivered(bus: Bus, { parts }: Engine, messages: number): Promise<void> {
  await expect.poll(() => bus.lastSequence()).toBe(messages)
  await expect.poll(() => parts.storage.outputs(0, 1)).toEqual([])
}

it('publishes what happens to JetStream, and drops it from the outbox', async () => {
  const { outputs, bus } = await newStream()
  const points = new Set<FaultPoint>()
  {
    const atPoint = (point: FaultPoint) => points.add(point)
    await using rooms = await openEngine({ serverName: 'a', store: ':memory:', outputs, atPoint })
    await rooms.createRoom(ALICE)
    await delivered(bus, rooms, 6)
    expect(await rooms.readiness()).toEqual({ ready: true, checks: { database: 'ok', outputs: 'connected' } })
  }
  expect([...points]).toEqual(expect.arrayContaining(['publishing', 'published', 'dropping', 'dropped']))
  await bus.close()
})

// The time at which it would look by itself is in an hour.
it('publishes at once what any process on a store commits, and the rest before it ends', async () => {
  await using store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const { outputs, bus } = await newStream()
  const took: number[] = []
  const open = () =>
    openEngine({
      serverName: 'a',
      store,
      signingKey,
      outputs: { ...outputs, pollMs: 3_600_000 },
      observer: { published: (ms) => took.push(ms) },
      maintenance: false,
    })
  const first = await open()
  await expect.poll(async () => (await first.readiness()).checks['outputs']).toBe('connected')
  const second = await open()
  const room = await first.createRoom(ALICE)
  await delivered(bus, first, 6)
  await second.send(room, ALICE, 'm.room.message', {})
  await delivered(bus, first, 7)
  expect(await first.parts.inspection.activity({})).toMatchObject({ waiting_outputs: 0 })
  await second[Symbol.asyncDispose]()
  await first.send(room, ALICE, 'm.room.message', {})
  await first[Symbol.asyncDispose]()
  expect(await bus.lastSequence()).toBe(8)
  expect(took).toHaveLength(8)
  expect(took.every((ms) => ms >= 0)).toBe(true)
  await bus.close()
})

it('has one of the processes on a database publish, and the next when that ends', async () => {
  await using database = await newDatabase()
  const { outputs, bus } = await newStream()
  const open = () => openEngine({ serverName: 'a', store: database.url, signingKey, outputs })
  const first = await open()
  await expect.poll(async () => (await first.readiness()).checks['outputs']).toBe('connected')
  await using second = await open()
  const room = await second.createRoom(ALICE)
  await delivered(bus, second, 6)
  expect((await second.readiness()).checks['outputs']).toBe('delivered by the leader, another process')

  await first[Symbol.asyncDispose]()
  await second.send(room, ALICE, 'm.room.message', { msgtype: 'm.text', body: 'still here' })
  await delivered(bus, second, 7)
  expect((await second.readiness()).checks['outputs']).toBe('connected')
  await bus.close()
})

// Each would do the other's work: one by taking outputs out of the log, the other by beginning epochs.
it.concurrent.each([
  ['one that keeps outputs in the database beside one that sends them to JetStream', false],
  ['one that sends outputs to JetStream beside one that keeps them in the database', true],
])('refuses a second process of the other form: %s', async (_which, isLogFirst) => {
  await using database = await newDatabase()
  const { outputs, bus } = await newStream()
  const open = (isLog: boolean) =>
    openEngine({
      serverName: 'a',
      store: database.url,
      signingKey,
      outputs: isLog ? { kind: 'log' } : outputs,
    })
  {
    await using first = await open(isLogFirst)
    const place = isLogFirst ? 'kept in the database' : 'connected'
    await expect.poll(async () => (await first.readiness()).checks['outputs']).toBe(place)
    await expect(open(!isLogFirst)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { argument: 'outputs', expected: expect.stringContaining('using this database') as string },
    })
  }
  // When the first has ended, the other form may follow.
  await (await open(!isLogFirst))[Symbol.asyncDispose]()
  await bus.close()
})
