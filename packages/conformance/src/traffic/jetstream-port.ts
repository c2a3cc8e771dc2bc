import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { isJsonObject, type JsonObject } from '@roomserver/types'

/** A component that reads the outputs from JetStream, as Dendrite's do: by a durable consumer that it makes itself. */
export interface JetStreamReader extends AsyncDisposable {
  /** Reads until nothing more comes for a moment. */
  readAll(): Promise<readonly JsonObject[]>
}

/** Makes the durable consumer; the stream has to be there already, and only what comes from now on is seen. */
export async function openJetStreamReader(url: string, topicPrefix: string): Promise<JetStreamReader> {
  const connection = await connect({ servers: url })
  const stream = `${topicPrefix}OutputRoomEvent`
  const manager = await jetstreamManager(connection)
  await manager.consumers.add(stream, {
    durable_name: `${topicPrefix}ReplayReader`,
    ack_policy: AckPolicy.All,
    deliver_policy: DeliverPolicy.All,
  })
  const consumer = await jetstream(connection).consumers.get(stream, `${topicPrefix}ReplayReader`)
  return {
    async readAll() {
      const payloads: JsonObject[] = []
      for (;;) {
        const batch = await consumer.fetch({ max_messages: 500, expires: 1000 })
        let count = 0
        for await (const message of batch) {
          const payload: unknown = message.json()
          if (isJsonObject(payload)) payloads.push(payload)
          message.ack()
          count++
        }
        if (count === 0) return payloads
      }
    },
    [Symbol.asyncDispose]: () => connection.close(),
  }
}
