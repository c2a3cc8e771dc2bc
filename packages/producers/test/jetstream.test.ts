import { jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { startNats, type TestServer } from '@roomserver/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectNats, connectRehearsalBus, openOutputStream } from '../src/jetstream.ts'

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
