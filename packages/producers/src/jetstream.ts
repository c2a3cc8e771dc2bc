import {
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream'
import { headers, type NatsConnection, type TlsOptions } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { AckInbox } from './ack-inbox.ts'
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
  return new JetStreamBus(connection, manager, new AckInbox(connection, timeout), name)
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
  readonly #inbox: AckInbox
  readonly #name: string
  #isConnected = true

  constructor(connection: NatsConnection, manager: JetStreamManager, inbox: AckInbox, name: string) {
    this.#connection = connection
    this.#manager = manager
    this.#inbox = inbox
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

  publish({ id, roomId, payload }: OutputMessage, after: number): Promise<Acknowledgement> {
    const fields = headers()
    fields.append('room_id', roomId)
    fields.append('Nats-Msg-Id', id)
    fields.append('Nats-Expected-Last-Sequence', String(after))
    return this.#inbox.publish(this.#name, payload, fields)
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
