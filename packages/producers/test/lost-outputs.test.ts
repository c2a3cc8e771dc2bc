import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { jetstreamManager, RetentionPolicy } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { startNats, startNatsCluster, type TestServer } from '@roomserver/testing'
import { silentLogger, systemClock } from '@roomserver/types'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { consumeOutputs, registerConsumer } from '../src/consumer.ts'
import { RepeatFilter } from '../src/delivery.ts'
import {
  connectJetStream,
  connectNats,
  inspectOutputStream,
  type JetStreamOptions,
  openOutputStream,
} from '../src/jetstream.ts'
import { type OutboxRelay, startOutboxRelay } from '../src/relay.ts'
import { payloadOf } from './carriers.ts'
import { KeepingOutbox } from './memory-outbox.ts'

const PREFIX = 'Lost'
const STREAM = 'LostOutputRoomEvent'
const DURABLE = { topicPrefix: PREFIX, durable: 'reader', ackWaitMs: 500 }
const LOOK_MS = 100

let nats: TestServer
let connection: NatsConnection
let outbox: KeepingOutbox
let relay: OutboxRelay
let warnings: [fields: object, text: string][]
let owned: AsyncDisposableStack

beforeEach(async () => {
  owned = new AsyncDisposableStack()
  nats = owned.use(await startNats())
  connection = await connectNats(options())
  owned.defer(() => connection.close())
  await (await jetstreamManager(connection)).streams.add({
    name: STREAM,
    subjects: [STREAM],
    retention: RetentionPolicy.Interest,
  })
  await registerConsumer(connection, DURABLE)
  outbox = new KeepingOutbox()
  warnings = []
  start()
})
afterEach(async () => {
  await relay[Symbol.asyncDispose]()
  await owned.disposeAsync()
})

function options(): JetStreamOptions {
  return { servers: [nats.url], topicPrefix: PREFIX, timeoutMs: 1_000 }
}

function start(): void {
  const warn = (fields: object, text: string) => warnings.push([fields, text])
  const deps = { source: outbox, deliveries: outbox, render: payloadOf, clock: systemClock }
  relay = startOutboxRelay(
    { ...deps, connect: () => connectJetStream(options()), log: { ...silentLogger, warn, error: warn } },
    { pollMs: 10, pauseMs: 20, window: 16, batch: 50, lookMs: LOOK_MS },
  )
}

/** Appends outputs and waits until the stream has them, and the relay has had a look. */
async function send(count: number): Promise<void> {
  outbox.append(count)
  expect(await relay.drained(20_000)).toBe(true)
  await wait(3 * LOOK_MS)
}

/** What the consumer gets, repeats left out, until it has so many. */
async function take(count: number, repeats = new RepeatFilter()): Promise<readonly string[]> {
  const taken: string[] = []
  const consumer = { ...DURABLE, repeats }
  for await (const delivery of consumeOutputs(connection, consumer, AbortSignal.timeout(100_000))) {
    await delivery.ack()
    const { roomId, payload } = delivery
    if (taken.push(`${roomId} ${payload}`) === count) break
  }
  return taken
}

const sent = (from: number, to?: number) =>
  outbox.all.slice(from, to).map((row) => `${row.roomId} ${payloadOf(row)}`)

/** The reason of lost outputs that was logged. */
async function reason(): Promise<unknown> {
  const fields = () => warnings.find(([, text]) => text.includes('lost outputs'))?.[0]
  await expect.poll(fields).toBeDefined()
  return fields()
}

/** Where consumers are, as the message server writes it down: late, so that one that is killed has an older copy. */
const CONSUMERS = `jetstream/$G/streams/${STREAM}/obs`

/** Copies the store of the message server, or a part of it; what it returns kills the server and puts that back. */
async function copyOfStore(part = ''): Promise<() => Promise<void>> {
  const original = join(nats.folder, part)
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-nats-copy-'))
  owned.defer(() => rm(folder, { recursive: true }))
  await nats.stop()
  await cp(original, folder, { recursive: true })
  await nats.start()
  return async () => {
    await nats.stop('kill')
    await rm(original, { recursive: true })
    await cp(folder, original, { recursive: true })
    await nats.start()
  }
}

describe('a message server that lost what it acknowledged', () => {
  it('gets it again when its store was put back to an older copy', async () => {
    await send(20)
    expect(await take(20)).toEqual(sent(0, 20))
    const putBack = await copyOfStore()
    await send(15)
    await putBack()
    await send(5)
    expect(await reason()).toMatchObject({ reason: 'went back', outputs: 15, from_sequence: 21 })
    expect(await take(20)).toEqual(sent(20, 40))
    expect(warnings.filter(([, text]) => text.includes('not kept'))).toEqual([])
  })

  it('gets it again although the relay was not there when it happened', async () => {
    await send(20)
    const putBack = await copyOfStore()
    await send(15)
    await relay[Symbol.asyncDispose]()
    await putBack()
    start()
    await send(1)
    expect(await take(36)).toEqual(sent(0, 36))
  })

  it('gets what was not read again, and its consumer, when the stream was deleted', async () => {
    await send(20)
    expect(await take(10)).toEqual(sent(0, 10))
    await wait(3 * LOOK_MS)
    await (await jetstreamManager(connection)).streams.delete(STREAM)
    await send(5)
    expect(await reason()).toMatchObject({ reason: 'recreated', outputs: 10 })
    expect(await take(15)).toEqual(sent(10, 25))
    expect(relay.status().resent).toBe(10)
  })

  it('gets what was not read again when it was purged, although it remembers the message IDs', async () => {
    await send(20)
    expect(await take(10)).toEqual(sent(0, 10))
    await wait(3 * LOOK_MS)
    await (await jetstreamManager(connection)).streams.purge(STREAM)
    // Long before the relay would look by itself: what follows must not come before what is sent again.
    await expect.poll(() => warnings).not.toEqual([])
    expect(await reason()).toMatchObject({ reason: 'purged', outputs: 10 })
    await send(5)
    expect(await take(15)).toEqual(sent(10, 25))
    // And once more, under IDs that are neither the first nor the second ones.
    await send(5)
    await (await jetstreamManager(connection)).streams.purge(STREAM)
    await expect.poll(() => relay.status().resent).toBe(15)
    expect(await take(5)).toEqual(sent(25, 30))
  })

  it('holds nothing up when it was killed, and a consumer went on reading before the relay looked', async () => {
    await send(60)
    await relay[Symbol.asyncDispose]()
    const kill = await copyOfStore(CONSUMERS)
    const repeats = new RepeatFilter()
    expect(await take(40, repeats)).toEqual(sent(0, 40))
    await kill()
    expect(await take(20, repeats)).toEqual(sent(40, 60))
    start()
    await send(10)
    expect(relay.status().resent).toBe(60)
    expect(await take(10, repeats)).toEqual(sent(60, 70))
  })

  it('gets nothing again that it had read when the message server was killed, which forgets how far it was', async () => {
    await send(40)
    const kill = await copyOfStore(CONSUMERS)
    expect(await take(40)).toEqual(sent(0, 40))
    await wait(3 * LOOK_MS)
    await kill()
    await send(20)
    expect(await take(20)).toEqual(sent(40))
    await wait(3 * LOOK_MS)
    await send(1)
    expect(relay.status().resent).toBe(0)
    expect(warnings.filter(([, text]) => text.includes('lost outputs'))).toEqual([])
  })

  it('is said to have lost what is not kept any more, and what to do', async () => {
    await send(20)
    outbox.delivered = outbox.delivered.slice(15)
    await (await jetstreamManager(connection)).streams.delete(STREAM)
    await send(1)
    expect(await reason()).toMatchObject({ outputs: 5 })
    const [fields] = warnings.find(([, text]) => text.includes('let consumers read the rooms again')) ?? []
    expect(fields).toMatchObject({ lost: 15 })
    expect(await take(6)).toEqual(sent(15, 21))
  })
})

describe('a database that was put back to an older copy', () => {
  it('has nothing dropped as a duplicate, and begins a new epoch', async () => {
    await send(20)
    const putBack = outbox.copy()
    await send(15)
    const lost = sent(20)
    await relay[Symbol.asyncDispose]()
    putBack()
    start()
    await send(0)
    expect(outbox.epochs).toHaveLength(2)
    await send(30)
    expect(warnings).toMatchObject([
      [{ stream: STREAM, unknown_outputs: 15 }, expect.stringContaining('new epoch')],
    ])
    expect(await take(65)).toEqual([...sent(0, 20), ...lost, ...sent(20)])
  })

  it('has nothing dropped as a duplicate although as much waits as the message server knows more', async () => {
    await send(20)
    const putBack = outbox.copy()
    await send(15)
    const lost = sent(20)
    await relay[Symbol.asyncDispose]()
    putBack()
    // As many as the stream has that are not known: each may be one of them.
    outbox.append(30)
    start()
    await send(0)
    expect(warnings).toMatchObject([[{ unknown_outputs: 15 }, expect.stringContaining('new epoch')]])
    expect(await take(65)).toEqual([...sent(0, 20), ...lost, ...sent(20)])
  })
})

describe('a relay that was killed', () => {
  it('sends again what it had not recorded, and takes that for no restore', async () => {
    await send(20)
    const putBack = outbox.copyOfDeliveries()
    await send(15)
    await relay[Symbol.asyncDispose]()
    putBack()
    start()
    await send(5)
    expect(warnings).toEqual([])
    expect(outbox.epochs).toHaveLength(1)
    expect(await take(40)).toEqual(sent(0, 40))
  })
})

describe('the replicas of the stream', () => {
  const count = async (url: string, replicas?: number) => {
    const own = { servers: [url], topicPrefix: `Replicas${replicas ?? ''}`, timeoutMs: 5_000 }
    const bus = await connectJetStream({ ...own, ...(replicas !== undefined && { replicas }) })
    const state = await bus.stream?.inspect()
    await bus.close()
    return state
  }

  it('are one where there is one server', async () => {
    expect(await count(nats.url)).toMatchObject({ replicas: 1, isClustered: false })
  })

  it('are three where there are three servers, or as many as configured; one is named in the log, and by whoever misses it', async () => {
    const servers = await startNatsCluster(3)
    for (const server of servers) owned.use(server)
    const url = servers[0]?.url ?? ''
    await expect.poll(() => count(url)).toMatchObject({ replicas: 3, isClustered: true })
    expect(await count(url, 1)).toMatchObject({ replicas: 1, isClustered: true })
    const own = { servers: [url], topicPrefix: 'Replicas1', timeoutMs: 5_000 }
    await using watched = startOutboxRelay(
      {
        source: outbox,
        deliveries: new KeepingOutbox(),
        render: payloadOf,
        connect: () => connectJetStream(own),
        clock: systemClock,
        log: { ...silentLogger, warn: (fields: object, text: string) => warnings.push([fields, text]) },
      },
      { pollMs: 10 },
    )
    await expect.poll(() => warnings.map(([, text]) => text).join()).toContain('has one replica')
    expect(watched.status().findings).toMatchObject([{ code: 'one-replica' }])

    const stream = 'Replicas1OutputRoomEvent'
    const asking = await connectNats(own)
    const { cluster } = await (await jetstreamManager(asking)).streams.info(stream)
    await asking.close()
    const holder = servers.findIndex((_, index) => cluster?.leader === `n${index + 1}`)
    await servers[holder]?.stop('kill')
    const others = servers.filter((_, index) => index !== holder).map((server) => server.url)
    await expect(inspectOutputStream({ ...own, servers: others, timeoutMs: 2_000 })).rejects.toThrow(
      `the stream ${stream} does not answer; the servers that keep it may be away`,
    )
  })
})

it('counts connections, and what is removed from the stream', async () => {
  const bus = await openOutputStream(connection, options())
  expect(bus.stream?.upsets).toBe(1)
  await nats.stop('kill')
  await nats.start()
  await expect.poll(() => bus.stream?.upsets).toBe(2)
  await (await jetstreamManager(connection)).streams.purge(STREAM)
  await expect.poll(() => bus.stream?.upsets).toBe(3)
})
