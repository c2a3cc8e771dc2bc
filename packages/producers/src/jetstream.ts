import {
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream'
import { createInbox, headers, type Msg, type NatsConnection, type TlsOptions } from '@nats-io/nats-core'
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
  const lastSequence = async () => (await manager.streams.info(name)).state.last_seq
  return new JetStreamBus(connection, lastSequence, new AckInbox(connection, timeout), name)
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

/**
 * A bus for practice: what is published goes to the same servers as to an {@link openOutputStream}, but to a subject
 * that only this connection hears, which answers itself as JetStream would. No stream is touched.
 */
export async function connectRehearsalBus(options: JetStreamOptions): Promise<Bus> {
  const connection = await connectNats(options)
  const subject = createInbox()
  let last = 0
  const answer = (_error: Error | null, message: Msg) => {
    message.respond(JSON.stringify({ stream: options.topicPrefix, seq: ++last }))
  }
  connection.subscribe(subject, { callback: answer })
  const inbox = new AckInbox(connection, options.timeoutMs ?? 5_000)
  return new JetStreamBus(connection, async () => last, inbox, subject)
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
  readonly lastSequence: () => Promise<number>
  readonly #connection: NatsConnection
  readonly #inbox: AckInbox
  readonly #subject: string
  #isConnected = true

  constructor(
    connection: NatsConnection,
    lastSequence: () => Promise<number>,
    inbox: AckInbox,
    subject: string,
  ) {
    this.#connection = connection
    this.lastSequence = lastSequence
    this.#inbox = inbox
    this.#subject = subject
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

  publish({ id, roomId, payload }: OutputMessage, after: number): Promise<Acknowledgement> {
    const fields = headers()
    fields.append('room_id', roomId)
    fields.append('Nats-Msg-Id', id)
    fields.append('Nats-Expected-Last-Sequence', String(after))
    return this.#inbox.publish(this.#subject, payload, fields)
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
