import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { type Delivery, RepeatFilter } from './delivery.ts'
import { outputStreamName } from './jetstream.ts'

/** Registers a durable consumer: outputs are kept for it from now on until it has taken them. */
export async function registerConsumer(
  connection: NatsConnection,
  topicPrefix: string,
  durable: string,
): Promise<void> {
  const manager = await jetstreamManager(connection)
  await manager.consumers.add(outputStreamName(topicPrefix), {
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
  })
}

/**
 * Takes outputs as a durable consumer, repeats left out, until `signal` is aborted. The consumer must be registered.
 * One output at a time: the next comes when the one before was acknowledged or left alone.
 */
export async function* consumeOutputs(
  connection: NatsConnection,
  topicPrefix: string,
  durable: string,
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, void> {
  const consumer = await jetstream(connection).consumers.get(outputStreamName(topicPrefix), durable)
  const messages = await consumer.consume({ max_messages: 100 })
  const stop = () => messages.stop()
  signal.addEventListener('abort', stop)
  const repeats = new RepeatFilter()
  try {
    for await (const message of messages) {
      const id = message.headers?.get('Nats-Msg-Id') ?? ''
      const ack = async () => {
        await message.ackAck()
      }
      if (id !== '' && repeats.isRepeat(id)) await ack()
      else yield { id, roomId: message.headers?.get('room_id') ?? '', payload: message.string(), ack }
      if (signal.aborted) return
    }
  } finally {
    signal.removeEventListener('abort', stop)
    await messages.close()
  }
}
