import { setTimeout as wait } from 'node:timers/promises'
import { AckPolicy, DeliverPolicy, jetstreamManager, StorageType } from '@nats-io/jetstream'
import { type NatsConnection, nanos } from '@nats-io/nats-core'
import { startNats, type TestServer } from '@roomserver/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { consumeOutputs, registerConsumer } from '../src/consumer.ts'
import { type Delivery, RepeatFilter } from '../src/delivery.ts'
import { connectJetStream, connectNats, openOutputStream } from '../src/jetstream.ts'
import { openWakeCalls } from '../src/wake-calls.ts'

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

const message = (seq: number, roomId = '!a:test') => ({
  id: `${roomId}/${seq}`,
  roomId,
  payload: `{"at":${seq}}`,
})

it('registers a consumer that gets one output at a time, from the first that is kept', async () => {
  await openOutputStream(connection, { servers: [], topicPrefix: 'Register' })
  await registerConsumer(connection, { topicPrefix: 'Register', durable: 'one' })
  await registerConsumer(connection, { topicPrefix: 'Register', durable: 'hasty', ackWaitMs: 700 })
  const manager = await jetstreamManager(connection)
  const configOf = async (durable: string) =>
    (await manager.consumers.info('RegisterOutputRoomEvent', durable)).config
  expect(await configOf('one')).toMatchObject({
    durable_name: 'one',
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    max_ack_pending: 1,
    ack_wait: nanos(30_000),
  })
  expect(await configOf('hasty')).toMatchObject({ ack_wait: nanos(700) })
})

it('gives outputs whole, leaves repeats out, and gives what was not acknowledged again', async () => {
  const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Take' })
  const consumer = { topicPrefix: 'Take', durable: 'one', ackWaitMs: 200, repeats: new RepeatFilter() }
  await registerConsumer(connection, consumer)
  consumer.repeats.note('!a:test/1')
  for (const seq of [1, 2, 3]) await bus.publish(message(seq), seq - 1)
  // Somebody else's, without the headers of ours.
  connection.publish('TakeOutputRoomEvent', 'bare')
  const stop = new AbortController()
  const found: Omit<Delivery, 'ack'>[] = []
  for await (const delivery of consumeOutputs(connection, consumer, stop.signal)) {
    const { id, roomId, payload } = delivery
    found.push({ id, roomId, payload })
    // The first time, the second output is not acknowledged, and comes again before the third.
    if (found.length !== 1) await delivery.ack()
    if (found.length === 4) stop.abort()
  }
  const second = { id: '!a:test/2', roomId: '!a:test', payload: '{"at":2}' }
  expect(found).toEqual([
    second,
    second,
    { id: '!a:test/3', roomId: '!a:test', payload: '{"at":3}' },
    { id: '', roomId: '', payload: 'bare' },
  ])
})

it('waits for a consumer that is not there yet, and fails when its connection was closed', async () => {
  const bus = await openOutputStream(connection, { servers: [], topicPrefix: 'Late' })
  const own = await connectNats({ servers: [nats.url], topicPrefix: 'Late' })
  const consumer = { topicPrefix: 'Late', durable: 'late' }
  const deliveries = consumeOutputs(own, consumer, new AbortController().signal)
  const first = deliveries.next()
  await wait(50)
  await registerConsumer(connection, consumer)
  await bus.publish(message(1), 0)
  expect(await first).toMatchObject({ value: { id: '!a:test/1' } })
  await own.close()
  await expect(deliveries.next()).rejects.toThrow()
})

it('knows the largest message that the server takes, whether it is there, and that it was closed', async () => {
  await using other = await startNats()
  const bus = await connectJetStream({ servers: [other.url], topicPrefix: 'State', timeoutMs: 1_000 })
  expect([bus.isConnected, bus.isClosed, bus.maxPayloadBytes]).toEqual([true, false, 1_048_576])
  await other.stop('kill')
  await expect.poll(() => bus.isConnected).toBe(false)
  expect(bus.isClosed).toBe(false)
  await other.start()
  await expect.poll(() => bus.isConnected).toBe(true)
  await bus.close()
  expect([bus.isConnected, bus.isClosed]).toEqual([false, true])
})

it('makes a stream in memory where that is wanted, and on the disk otherwise', async () => {
  const manager = await jetstreamManager(connection)
  const storageOf = async (topicPrefix: string, inMemory?: boolean) => {
    await openOutputStream(connection, {
      servers: [],
      topicPrefix,
      ...(inMemory !== undefined && { inMemory }),
    })
    return (await manager.streams.info(`${topicPrefix}OutputRoomEvent`)).config.storage
  }
  expect(await storageOf('Memory', true)).toBe(StorageType.Memory)
  expect(await storageOf('Disk', false)).toBe(StorageType.File)
  expect(await storageOf('Default')).toBe(StorageType.File)
})

it('has the server send calls only to those that listen, once however many there are', async () => {
  await using calls = openWakeCalls({ servers: [nats.url], topicPrefix: 'Heard' })
  await using caller = openWakeCalls({ servers: [nats.url], topicPrefix: 'Heard' })
  const heard = [0, 0]
  const first = calls.listen(() => void heard[0]!++)
  const second = calls.listen(() => void heard[1]!++)
  const heardCalls = (): number => {
    caller.call()
    return heard[1]!
  }
  await expect.poll(heardCalls).toBeGreaterThan(0)
  // A question goes the same way behind the calls, so that they have been heard when it is answered.
  const arrived = () => caller.delivered('!none:a', 0, 60_000)
  await arrived()
  await arrived()
  const before = [...heard]
  connection.publish('HeardRoomserverWakeUp')
  await expect.poll(() => heard[0]).toBe(before[0]! + 1)
  await arrived()
  expect(heard).toEqual(before.map((count) => count + 1))
  first[Symbol.dispose]()
  connection.publish('HeardRoomserverWakeUp')
  await expect.poll(() => heard[1]).toBe(before[1]! + 2)
  expect(heard[0]).toBe(before[0]! + 1)
  second[Symbol.dispose]()
  // The server says that nobody is there to be asked.
  const refusal = () => connection.request('HeardRoomserverWakeUp').then(() => undefined, String)
  await expect.poll(refusal).toContain('no responders')
  const again = calls.listen(() => void heard[0]!++)
  const heardAgain = (): number => {
    connection.publish('HeardRoomserverWakeUp')
    return heard[0]!
  }
  await expect.poll(heardAgain).toBeGreaterThan(before[0]! + 1)
  again[Symbol.dispose]()
})

it('asks for a delivery the listener that knows of it, also beside one that only hears calls', async () => {
  await using calls = openWakeCalls({ servers: [nats.url], topicPrefix: 'Beside' })
  using _hearing = calls.listen(() => undefined)
  using _knowing = calls.listen(
    () => undefined,
    async () => true,
  )
  await using other = openWakeCalls({ servers: [nats.url], topicPrefix: 'Beside' })
  await expect.poll(() => other.delivered('!r', 1, 5_000)).toBe(true)
})

it('asks nobody for a delivery where there is no time to wait, or no connection', async () => {
  await using one = openWakeCalls({ servers: [nats.url], topicPrefix: 'Asked' })
  const asked: number[] = []
  using _hearing = one.listen(
    () => undefined,
    async (_roomId, seq) => {
      asked.push(seq)
      return seq !== 2
    },
  )
  const other = openWakeCalls({ servers: [nats.url], topicPrefix: 'Asked' })
  await expect.poll(() => other.delivered('!r', 1, 5_000)).toBe(true)
  expect(await other.delivered('!r', 2, 5_000)).toBe(false)
  expect(await other.delivered('!r', 3, 0)).toBe(false)
  await other[Symbol.asyncDispose]()
  expect(await other.delivered('!r', 4, 5_000)).toBe(false)
  other.call()
  expect(asked.filter((seq) => seq > 2)).toEqual([])
})
