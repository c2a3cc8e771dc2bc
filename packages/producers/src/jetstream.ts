import {
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream'
import { headers, type NatsConnection, type TlsOptions } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import type { Acknowledgement, Bus } from './bus.ts'
import type { OutputMessage } from './outbox.ts'

/** Where the NATS servers are and what streams are called there; Dendrite's `global.jetstream`. */
export interface JetStreamOptions {
  readonly servers: readonly string[]
  readonly topicPrefix: string
  /** Streams that have to be made keep their messages in memory only. */
  readonly inMemory?: boolean
  readonly disableTlsValidation?: boolean
  /** Longest time to wait for an answer. */
  readonly timeoutMs?: number
}

const STREAM_NOT_FOUND = 10_059

/** Stream and subject of the outputs. */
export function outputStreamName(topicPrefix: string): string {
  return `${topicPrefix}OutputRoomEvent`
}

/** Connects and stays connected: after a loss it tries again for ever. */
export async function connectNats(options: JetStreamOptions): Promise<NatsConnection> {
  const tls: TlsOptions & { readonly rejectUnauthorized: boolean } = { rejectUnauthorized: false }
  return connect({
    servers: [...options.servers],
    name: 'roomserver',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    timeout: options.timeoutMs ?? 5_000,
    pingInterval: 20_000,
    // A stack trace for every request, in case it fails, would cost more than the rest of a publish.
    noAsyncTraces: true,
    ...(options.disableTlsValidation === true && { tls }),
  })
}

/**
 * The stream of outputs, made as Dendrite makes it where it is missing and taken as it is where it exists: whichever
 * process comes first makes it, and consumers hang on it.
 */
export async function openOutputStream(connection: NatsConnection, options: JetStreamOptions): Promise<Bus> {
  const timeout = options.timeoutMs ?? 5_000
  const manager = await jetstreamManager(connection, { timeout })
  const name = outputStreamName(options.topicPrefix)
  if (!(await hasStream(manager, name))) {
    await manager.streams.add({
      name,
      subjects: [name, `${name}.>`],
      retention: RetentionPolicy.Interest,
      storage: options.inMemory === true ? StorageType.Memory : StorageType.File,
    })
  }
  return new JetStreamBus(connection, manager, jetstream(connection, { timeout }), name)
}

/** Opens connection and stream together, as the relay wants it. */
export async function connectJetStream(options: JetStreamOptions): Promise<Bus> {
  const connection = await connectNats(options)
  try {
    return await openOutputStream(connection, options)
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function hasStream(manager: JetStreamManager, name: string): Promise<boolean> {
  try {
    await manager.streams.info(name)
    return true
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return false
    throw error
  }
}

class JetStreamBus implements Bus {
  readonly #connection: NatsConnection
  readonly #manager: JetStreamManager
  readonly #client: JetStreamClient
  readonly #name: string
  #isConnected = true

  constructor(connection: NatsConnection, manager: JetStreamManager, client: JetStreamClient, name: string) {
    this.#connection = connection
    this.#manager = manager
    this.#client = client
    this.#name = name
    void this.#watch()
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.isClosed
  }

  get isClosed(): boolean {
    return this.#connection.isClosed()
  }

  get maxPayloadBytes(): number {
    return this.#connection.info?.max_payload ?? 1_048_576
  }

  async lastSequence(): Promise<number> {
    const info = await this.#manager.streams.info(this.#name)
    return info.state.last_seq
  }

  async publish(message: OutputMessage, after: number): Promise<Acknowledgement> {
    const fields = headers()
    fields.set('room_id', message.roomId)
    const ack = await this.#client.publish(this.#name, message.payload, {
      msgID: message.id,
      headers: fields,
      expect: { lastSequence: after },
    })
    return { sequence: ack.seq, isDuplicate: ack.duplicate }
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  /** Ends by itself when the connection is closed. */
  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect' || type === 'staleConnection') this.#isConnected = false
      if (type === 'reconnect') this.#isConnected = true
    }
  }
}
