import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream'
import { type NatsConnection, nanos } from '@nats-io/nats-core'
import { startNats, type TestServer } from '@roomserver/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StreamState } from '../src/bus.ts'
import { connectNats, connectRehearsalBus, inspectOutputStream, openOutputStream } from '../src/jetstream.ts'

let nats: TestServer
let connection: NatsConnection
beforeAll(async () => {
  nats = await startNats()
  connection = await connectNats({ servers: [nats.url], topicPrefix: 'Any' })
})
afterAll(async () => {
  await connection.close()
  await nats[Symbol.asyncDispose]()
})

const message = (seq: number) => ({ id: `!a:test/${seq}`, roomId: '!a:test', payload: '{}' })

it.each([
  [['--user', 'rooms', '--pass', 'p@ss:w/rd'], 'rooms:p%40ss:w/rd@'],
  [['--auth', 'secret'], 'secret@'],
])('logs in with what the address says: nats-server %j', async (flags, login) => {
  await using closed = await startNats(flags)
  const options = { servers: [closed.url.replace('//', `//${login}`)], topicPrefix: 'Login' }
  const inside = await connectNats(options)
  await openOutputStream(inside, options)
  await inside.close()
  expect(await inspectOutputStream(options)).toBeDefined()
  await expect(connectNats({ ...options, servers: [closed.url] })).rejects.toThrow('Authorization Violation')
})

describe('the stream of outputs', () => {
  it('is made as Dendrite makes it', async () => {
    await openOutputStream(connection, { servers: [], topicPrefix: 'Made' })
    const { config } = await (await jetstreamManager(connection)).streams.info('MadeOutputRoomEvent')
    expect(config).toMatchObject({
      subjects: ['MadeOutputRoomEvent', 'MadeOutputRoomEvent.>'],
      retention: RetentionPolicy.Interest,
      storage: StorageType.File,
    })
  })

  it('is taken as it is where it exists', async () => {
    const manager = await jetstreamManager(connection)
    await manager.streams.add({
      name: 'HereOutputRoomEvent',
      subjects: ['HereOutputRoomEvent'],
      storage: StorageType.Memory,
    })
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Here' })
    expect(await bus.publish(message(1), 0)).toEqual({ sequence: 1, isDuplicate: false })
    const { config } = await manager.streams.info('HereOutputRoomEvent')
    expect(config.storage).toBe(StorageType.Memory)
  })

  it('gets messages with the room in a header and an ID that repeats are known by', async () => {
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Head' })
    const manager = await jetstreamManager(connection)
    await manager.consumers.add('HeadOutputRoomEvent', { durable_name: 'keeps-them' })
    await bus.publish(message(1), 0)
    expect(await bus.publish(message(1), 1)).toEqual({ sequence: 1, isDuplicate: true })
    const stored = await manager.streams.getMessage('HeadOutputRoomEvent', { seq: 1 })
    expect(stored?.header.get('room_id')).toBe('!a:test')
    expect(stored?.header.get('Nats-Msg-Id')).toBe('!a:test/1')
  })

  it('refuses a message whose predecessor is not there', async () => {
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Order' })
    await bus.publish(message(1), 0)
    await expect(bus.publish(message(3), 2)).rejects.toThrow('wrong last sequence')
    expect(await bus.lastSequence()).toBe(1)
  })

  it('counts on where nobody listens', async () => {
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Nobody' })
    await bus.publish(message(1), 0)
    expect(await bus.publish(message(2), 1)).toEqual({ sequence: 2, isDuplicate: false })
  })
})

describe('a look at the stream', () => {
  it('is made in memory where it is told so', async () => {
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Memory', inMemory: true })
    const { config } = await (await jetstreamManager(connection)).streams.info('MemoryOutputRoomEvent')
    expect(config.storage).toBe(StorageType.Memory)
    expect(await bus.stream?.inspect()).toMatchObject({ name: 'MemoryOutputRoomEvent', last: 0 })
  })

  it('shows what it holds, and how far its durable consumers are, in the order of their names', async () => {
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Look' })
    const manager = await jetstreamManager(connection)
    const name = 'LookOutputRoomEvent'
    for (const durable of ['two', 'one'])
      await manager.consumers.add(name, { durable_name: durable, ack_policy: AckPolicy.Explicit })
    await manager.consumers.add(name, { name: 'passing', ack_policy: AckPolicy.None })
    for (let after = 0; after < 3; after++) await bus.publish(message(after + 1), after)
    const reader = await jetstream(connection).consumers.get(name, 'one')
    for (let taken = 0; taken < 2; taken++) {
      const next = await reader.next()
      if (taken === 0) await next?.ackAck()
    }
    const at = (acknowledged: number, given: number) => ({ acknowledged, given, reached: given })
    const config = (durable: string) => expect.objectContaining({ durable_name: durable }) as object
    expect(await bus.stream?.inspect()).toEqual({
      name,
      created: expect.any(String),
      first: 1,
      gone: 0,
      last: 3,
      remembersLast: true,
      replicas: 1,
      isClustered: false,
      dropsUnread: false,
      consumers: [
        { name: 'one', config: config('one'), ...at(1, 2) },
        { name: 'two', config: config('two'), ...at(0, 0) },
      ],
    })
    const places = { servers: [nats.url], topicPrefix: 'Look' }
    expect(await inspectOutputStream(places)).toEqual(await bus.stream?.inspect())
    expect(await inspectOutputStream({ ...places, topicPrefix: 'Nothing' })).toBeUndefined()
  })

  it('never shows a consumer behind what is gone, also while it reads and somebody purges', async () => {
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Race' })
    const manager = await jetstreamManager(connection)
    const name = 'RaceOutputRoomEvent'
    await manager.consumers.add(name, { durable_name: 'one', ack_policy: AckPolicy.Explicit })
    const reader = await jetstream(connection).consumers.get(name, 'one')
    const states: (StreamState | undefined)[] = []
    for (let round = 0; round < 40; round++) {
      const after = await bus.lastSequence()
      for (let at = 0; at < 3; at++) await bus.publish(message(after + at + 1), after + at)
      const looks = Array.from({ length: 3 }, async () => states.push(await bus.stream?.inspect()))
      await (await reader.next())?.ackAck()
      await Promise.all([manager.streams.purge(name), ...looks])
    }
    const behind = states.filter((state) => (state?.consumers[0]?.acknowledged ?? 0) < (state?.gone ?? 0))
    expect([states.length, behind]).toEqual([120, []])
  })

  it.each([
    { max_age: nanos(3_600_000) },
    { max_msgs: 5 },
    { max_bytes: 5_000 },
    { max_msgs_per_subject: 5 },
  ])('shows a limit by which it drops what was not read: %j', async (limit) => {
    const topicPrefix = `Limit${Object.keys(limit).join('')}`
    const manager = await jetstreamManager(connection)
    const name = `${topicPrefix}OutputRoomEvent`
    await manager.streams.add({ name, subjects: [name], ...limit })
    const bus = await openOutputStream(connection, { servers: [], topicPrefix })
    expect(await bus.stream?.inspect()).toMatchObject({ dropsUnread: true })
  })

  it('makes consumers again from the beginning, and says which could not be', async () => {
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Again' })
    const consumer = (name: string, config: object) => ({
      name,
      config: { durable_name: name, ack_policy: 'explicit', ...config },
      acknowledged: 0,
      reached: 0,
      given: 0,
    })
    const failed = await bus.stream?.addConsumers([
      consumer('placed', { deliver_policy: 'by_start_sequence', opt_start_seq: 7, ack_wait: nanos(7_000) }),
      consumer('odd', { max_deliver: 1, backoff: [nanos(1_000), nanos(2_000)] }),
      consumer('new', { deliver_policy: 'new', metadata: { a: 'b' } }),
    ])
    expect(failed).toEqual(['odd'])
    const { consumers = [] } = (await bus.stream?.inspect()) ?? {}
    expect(
      consumers.map(({ name, config }) => [name, config['deliver_policy'], config['opt_start_seq']]),
    ).toEqual([
      ['new', 'new', undefined],
      ['placed', 'all', undefined],
    ])
    expect(consumers[1]?.config).toMatchObject({ ack_policy: 'explicit', ack_wait: nanos(7_000) })
  })

  it('hears of messages that are removed from it, and not from another', async () => {
    const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Hear' })
    await openOutputStream(connection, { servers: [], topicPrefix: 'Other' })
    const manager = await jetstreamManager(connection)
    const name = 'HearOutputRoomEvent'
    await manager.consumers.add(name, { durable_name: 'keeps-them' })
    for (let after = 0; after < 2; after++) await bus.publish(message(after + 1), after)
    expect(bus.stream?.upsets).toBe(1)
    await manager.streams.purge('OtherOutputRoomEvent')
    await manager.streams.deleteMessage(name, 1)
    await expect.poll(() => bus.stream?.upsets).toBe(2)
    await manager.streams.purge(name)
    await expect.poll(() => bus.stream?.upsets).toBe(3)
    await manager.streams.delete(name)
    await expect.poll(() => bus.stream?.upsets).toBe(4)
    // It is there again for whoever looks.
    expect(await bus.stream?.inspect()).toMatchObject({ name, last: 0, consumers: [] })
    expect(bus.stream?.upsets).toBe(4)
  })
})

describe('a bus to rehearse with', () => {
  it('answers as a stream does, and makes none', async () => {
    const streams = async () => (await (await jetstreamManager(connection)).getAccountInfo()).streams
    const before = await streams()
    const bus = await connectRehearsalBus({ servers: [nats.url], topicPrefix: 'Practice' })
    expect(await bus.lastSequence()).toBe(0)
    const taken = await Promise.all([bus.publish(message(1), 0), bus.publish(message(2), 1)])
    expect(taken.map(({ sequence }) => sequence)).toEqual([1, 2])
    expect(await bus.lastSequence()).toBe(2)
    await bus.close()
    expect(await streams()).toBe(before)
  })
})
