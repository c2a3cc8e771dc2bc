import { silentLogger, systemClock } from '@roomserver/types'
import { startNats } from '@roomserver/testing'
import { consumeOutputs, registerConsumer } from '../src/consumer.ts'
import { RepeatFilter } from '../src/delivery.ts'
import { openEmbeddedLog } from '../src/embedded-log.ts'
import { connectJetStream, connectNats } from '../src/jetstream.ts'
import type { OutboxRow } from '../src/outbox.ts'
import { type OutboxRelay, startOutboxRelay } from '../src/relay.ts'
import { MemoryOutbox } from './memory-outbox.ts'

export const payloadOf = ({ roomId, seq }: OutboxRow) =>
  JSON.stringify({ type: 'new_room_event', roomId, seq })

/** A consumer that goes on where it stopped. */
export interface Reader {
  /** The next `count` outputs, acknowledged, as `id payload`. */
  take(count: number): Promise<readonly string[]>
}

/** A way from the outbox to consumers. */
export interface Carrier extends AsyncDisposable {
  readonly outbox: MemoryOutbox
  /** Tells the carrier that something was appended. */
  wake(): void
  reader(name: string): Promise<Reader>
  /** Stops whatever stands between outbox and readers while `meanwhile` runs. */
  interrupted(meanwhile: () => void): Promise<void>
  /** The sender dies after publishing and before noting it, and starts again. */
  crashed(): Promise<void>
}

/** The log in the database itself; a reader keeps its position. */
export async function embeddedCarrier(): Promise<Carrier> {
  const outbox = new MemoryOutbox()
  const open = () => openEmbeddedLog(outbox, payloadOf, { pollMs: 10 })
  let log = open()
  const reopen = async () => {
    log[Symbol.dispose]()
    log = open()
  }
  return {
    outbox,
    wake: () => log.wake(),
    reader: async () => {
      let position = 0
      const take = async (count: number) => {
        const taken: string[] = []
        for await (const entry of log.follow(position)) {
          position = entry.position
          if (taken.push(`${entry.id} ${entry.payload}`) === count) break
        }
        return taken
      }
      return { take }
    },
    interrupted: async (meanwhile) => {
      meanwhile()
      await reopen()
    },
    crashed: reopen,
    [Symbol.asyncDispose]: async () => log[Symbol.dispose](),
  }
}

/** A relay to a real nats-server; a reader is a durable consumer. */
export async function jetstreamCarrier(): Promise<Carrier> {
  await using resources = new AsyncDisposableStack()
  const nats = resources.use(await startNats())
  const options = { servers: [nats.url], topicPrefix: 'Test', timeoutMs: 1_000 }
  const connection = await connectNats(options)
  resources.defer(() => connection.close())
  const outbox = new MemoryOutbox()
  const start = (): OutboxRelay =>
    startOutboxRelay(
      {
        source: outbox,
        render: payloadOf,
        connect: () => connectJetStream(options),
        clock: systemClock,
        log: silentLogger,
      },
      { pollMs: 10, pauseMs: 20, window: 16, batch: 50 },
    )
  let relay = start()
  resources.defer(() => relay[Symbol.asyncDispose]())
  await relay.drained(5_000)
  await (await connectJetStream(options)).close()
  const owned = resources.move()
  return {
    outbox,
    wake: () => relay.wake(),
    reader: async (name) => {
      const consumer = { topicPrefix: 'Test', durable: name, ackWaitMs: 500, repeats: new RepeatFilter() }
      await registerConsumer(connection, consumer)
      const take = async (count: number) => {
        const taken: string[] = []
        const stop = new AbortController()
        for await (const delivery of consumeOutputs(connection, consumer, stop.signal)) {
          await delivery.ack()
          if (taken.push(`${delivery.id} ${delivery.payload}`) === count) break
        }
        return taken
      }
      return { take }
    },
    interrupted: async (meanwhile) => {
      await nats.stop('kill')
      meanwhile()
      relay.wake()
      await new Promise((resolve) => setTimeout(resolve, 300))
      await nats.start()
    },
    crashed: async () => {
      await relay.drained(10_000)
      await relay[Symbol.asyncDispose]()
      outbox.bringBack(40)
      relay = start()
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
