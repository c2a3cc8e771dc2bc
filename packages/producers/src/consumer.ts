import {
  AckPolicy,
  type Consumer,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type JsMsg,
} from '@nats-io/jetstream'
import { type NatsConnection, nanos } from '@nats-io/nats-core'
import { type Delivery, RepeatFilter } from './delivery.ts'
import { outputStreamName } from './jetstream.ts'
import { linkOf } from './nats-link.ts'
import { WakeUp } from './wake-up.ts'

/** Which consumer, and how it behaves. */
export interface ConsumerOptions {
  readonly topicPrefix: string
  /** The name under which the server keeps the place of this consumer. */
  readonly durable: string
  /** An output that was not acknowledged for so long comes again. */
  readonly ackWaitMs?: number
  /** Knows what was dealt with; give the same one again to know it through reconnections. */
  readonly repeats?: RepeatFilter
}

/** How long to wait for a message before asking again. */
const EXPIRES_MS = 5_000
const PAUSE_MS = 200

/**
 * Registers a durable consumer: outputs are kept for it from now on until it has taken them. It gets one output at a
 * time, so that none overtakes one that has to be sent again.
 */
export async function registerConsumer(
  connection: NatsConnection,
  { topicPrefix, durable, ackWaitMs = 30_000 }: ConsumerOptions,
): Promise<void> {
  const manager = await jetstreamManager(connection)
  await manager.consumers.add(outputStreamName(topicPrefix), {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    max_ack_pending: 1,
    ack_wait: nanos(ackWaitMs),
  })
}

/**
 * Takes outputs as a durable consumer, repeats left out, until `signal` is aborted; waits for ever for a server that
 * is away. The consumer must be registered. An output that is not acknowledged comes again.
 * @example
 * ```ts
 * import { connectNats, consumeOutputs, registerConsumer } from '@roomserver/producers'
 *
 * const consumer = { topicPrefix: 'Dendrite', durable: 'search-index' }
 * const connection = await connectNats({ servers: ['nats://127.0.0.1:4222'], topicPrefix: 'Dendrite' })
 * await registerConsumer(connection, consumer)
 * for await (const delivery of consumeOutputs(connection, consumer, AbortSignal.timeout(60_000))) console.log(delivery)
 * ```
 */
export async function* consumeOutputs(
  connection: NatsConnection,
  { topicPrefix, durable, repeats = new RepeatFilter() }: ConsumerOptions,
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, void> {
  const link = linkOf(connection)
  let consumer: Consumer | undefined
  while (!signal.aborted) {
    try {
      await link.whenUp(signal)
      const find = () => jetstream(connection).consumers.get(outputStreamName(topicPrefix), durable)
      consumer ??= await link.ask(find)
      const message = await consumer.next({ expires: EXPIRES_MS })
      if (message === null) continue
      const delivery = deliveryOf(message, repeats)
      if (repeats.isRepeat(delivery.id)) await delivery.ack()
      else yield delivery
    } catch (error) {
      if (connection.isClosed()) throw error
      consumer = undefined
      await new WakeUp().wait(PAUSE_MS, signal)
    }
  }
}

function deliveryOf(message: JsMsg, repeats: RepeatFilter): Delivery {
  const id = message.headers?.get('Nats-Msg-Id') ?? ''
  return {
    id,
    roomId: message.headers?.get('room_id') ?? '',
    payload: message.string(),
    ack: async () => {
      repeats.note(id)
      await message.ackAck()
    },
  }
}
