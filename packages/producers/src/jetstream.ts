import { setTimeout as wait } from 'node:timers/promises'
import {
  type ConsumerInfo,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream'
import {
  createInbox,
  headers,
  type Msg,
  type NatsConnection,
  TimeoutError,
  type TlsOptions,
} from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { AckInbox } from './ack-inbox.ts'
import type { Acknowledgement, Bus, StreamAccess, StreamConsumer, StreamState } from './bus.ts'
import { createWidest, errorCode } from './create-widest.ts'
import { hostAndPort, type NatsAddress, parseNatsAddresses } from './nats-address.ts'
import { expectGreeting } from './nats-greeting.ts'
import { connectionLost, linkOf } from './nats-link.ts'
import type { OutputMessage } from './outbox.ts'

/** Where the NATS servers are and what streams are called there; Dendrite's `global.jetstream`. */
export interface JetStreamOptions {
  readonly servers: readonly string[]
  readonly topicPrefix: string
  /** Streams that have to be made keep their messages in memory only. */
  readonly inMemory?: boolean
  readonly disableTlsValidation?: boolean
  /** How many servers keep a stream that has to be made; left out: as many as the cluster has, at most three. */
  readonly replicas?: number
  /** Longest time to wait for an answer. */
  readonly timeoutMs?: number
}

const STREAM_NOT_FOUND = 10_059
/** Between two attempts to create a stream on more servers. */
const ATTEMPT_PAUSE_MS = 500
const NANOS_PER_MS = 1_000_000

/** Stream and subject of the outputs. */
export function outputStreamName(topicPrefix: string): string {
  return `${topicPrefix}OutputRoomEvent`
}

/** What the client needs to know of the servers. It takes one login for all of them: the first that is given. */
function clientOptions(servers: readonly NatsAddress[], { disableTlsValidation }: JetStreamOptions) {
  const tls: TlsOptions & { readonly rejectUnauthorized: boolean } = { rejectUnauthorized: false }
  return {
    servers: servers.map(hostAndPort),
    ...servers.find(({ credentials }) => credentials !== undefined)?.credentials,
    ...(disableTlsValidation === true && { tls }),
  }
}

/** Connects and stays connected: after a loss it tries again for ever. */
export async function connectNats(options: JetStreamOptions): Promise<NatsConnection> {
  const servers = parseNatsAddresses(options.servers)
  await expectGreeting(servers, options.timeoutMs ?? 5_000)
  const connection = await connect({
    ...clientOptions(servers, options),
    name: 'roomserver',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    timeout: options.timeoutMs ?? 5_000,
    pingInterval: 20_000,
    // A stack trace for every request, in case it fails, would cost more than the rest of a publish.
    noAsyncTraces: true,
  })
  // It hears from the first loss on.
  linkOf(connection)
  return connection
}

/**
 * The stream of outputs, made as Dendrite makes it where it is missing and taken as it is where it exists: whichever
 * process comes first makes it, and consumers hang on it.
 */
export async function openOutputStream(connection: NatsConnection, options: JetStreamOptions): Promise<Bus> {
  const timeout = options.timeoutMs ?? 5_000
  const manager = await jetstreamManager(connection, { timeout })
  const name = outputStreamName(options.topicPrefix)
  try {
    await findOrCreate(manager, name, options)
  } catch (error) {
    throw error instanceof TimeoutError ? silent(name, error) : error
  }
  const link = linkOf(connection)
  const lastSequence = async () => (await link.ask(() => manager.streams.info(name))).state.last_seq
  const bus = new JetStreamBus(connection, lastSequence, new AckInbox(connection, timeout), name)
  bus.stream = {
    inspect: () => link.ask(() => inspect(manager, name, options)),
    addConsumers: (consumers) => link.ask(() => addConsumers(manager, name, consumers)),
    get upsets() {
      return bus.upsets
    },
  }
  hearRemovals(connection, name, () => bus.upsets++)
  return bus
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

/** How the stream of outputs is now; undefined: there is none yet. Creates nothing. */
export async function inspectOutputStream(options: JetStreamOptions): Promise<StreamState | undefined> {
  const timeout = options.timeoutMs ?? 5_000
  const servers = parseNatsAddresses(options.servers)
  await expectGreeting(servers, timeout)
  const connection = await connect({
    ...clientOptions(servers, options),
    name: 'roomserver doctor',
    timeout,
    reconnect: false,
  })
  try {
    return await stateOf(
      await jetstreamManager(connection, { timeout }),
      outputStreamName(options.topicPrefix),
    )
  } catch (error) {
    if (errorCode(error) === STREAM_NOT_FOUND) return undefined
    throw error instanceof TimeoutError ? silent(outputStreamName(options.topicPrefix), error) : error
  } finally {
    await connection.close()
  }
}

async function findOrCreate(
  manager: JetStreamManager,
  name: string,
  options: JetStreamOptions,
): Promise<StreamInfo> {
  try {
    return await manager.streams.info(name)
  } catch (error) {
    if (errorCode(error) !== STREAM_NOT_FOUND) throw error
  }
  const config = {
    name,
    subjects: [name, `${name}.>`],
    retention: RetentionPolicy.Interest,
    storage: options.inMemory === true ? StorageType.Memory : StorageType.File,
  }
  const create = (replicas: number) => manager.streams.add({ ...config, num_replicas: replicas })
  if (options.replicas !== undefined) return await create(options.replicas)
  return await createWidest(create, () => wait(ATTEMPT_PAUSE_MS))
}

async function inspect(
  manager: JetStreamManager,
  name: string,
  options: JetStreamOptions,
): Promise<StreamState> {
  try {
    await findOrCreate(manager, name, options)
    return await stateOf(manager, name)
  } catch (error) {
    throw error instanceof TimeoutError ? silent(name, error) : error
  }
}

/** The connection stands, so what does not answer is the stream. */
function silent(name: string, cause: TimeoutError): Error {
  return new Error(`the stream ${name} does not answer; the servers that keep it may be away`, { cause })
}

async function stateOf(manager: JetStreamManager, name: string): Promise<StreamState> {
  const earlier = await manager.streams.info(name)
  const consumers: StreamConsumer[] = []
  for await (const info of manager.consumers.list(name)) consumers.push(...consumerOf(info))
  // Last, so that no consumer has read more than the stream is said to have had.
  const { config, created, state, cluster } = await manager.streams.info(name)
  const limits = [config.max_age, config.max_msgs, config.max_bytes, config.max_msgs_per_subject]
  return {
    name,
    created,
    first: state.first_seq,
    gone: earlier.state.first_seq - 1,
    last: state.last_seq,
    remembersLast: Date.now() - Date.parse(state.last_ts) < config.duplicate_window / NANOS_PER_MS,
    replicas: config.num_replicas,
    isClustered: cluster?.name !== undefined && cluster.name !== '',
    dropsUnread: limits.some((limit) => limit > 0),
    consumers: consumers.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

/** JetStream tells of what is asked of it; where that may not be heard, looking from time to time has to do. */
function hearRemovals(connection: NatsConnection, stream: string, onRemoval: () => void): void {
  const requests = [`STREAM.PURGE.${stream}`, `STREAM.DELETE.${stream}`, `STREAM.MSG.DELETE.${stream}`]
  connection.subscribe('$JS.EVENT.ADVISORY.API', {
    callback: (error, message) => {
      if (error !== null) return
      const text = message.string()
      if (requests.some((request) => text.includes(`"$JS.API.${request}"`))) onRemoval()
    },
  })
}

/** One that is not durable comes and goes with its connection. */
function consumerOf({ name, config, ack_floor, delivered }: ConsumerInfo): readonly StreamConsumer[] {
  if (config.durable_name === undefined) return []
  return [
    {
      name,
      config: { ...config },
      acknowledged: ack_floor.stream_seq,
      reached: delivered.stream_seq,
      given: delivered.consumer_seq,
    },
  ]
}

async function addConsumers(
  manager: JetStreamManager,
  stream: string,
  consumers: readonly StreamConsumer[],
): Promise<readonly string[]> {
  const failed: string[] = []
  for (const { name, config } of consumers) {
    // Where it began is a place in the stream that is gone.
    const { opt_start_seq: _seq, opt_start_time: _time, metadata: _metadata, ...rest } = config
    const isPlaced = _seq !== undefined || _time !== undefined
    try {
      await manager.consumers.add(stream, { ...rest, ...(isPlaced && { deliver_policy: DeliverPolicy.All }) })
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error
      failed.push(name)
    }
  }
  return failed
}

class JetStreamBus implements Bus {
  stream?: StreamAccess
  upsets = 1
  onReconnect?: () => void
  readonly lastSequence: () => Promise<number>
  readonly #connection: NatsConnection
  readonly #inbox: AckInbox
  readonly #link
  readonly #subject: string

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
    this.#link = linkOf(connection)
    this.#link.hear({
      lost: () => inbox.giveUp(connectionLost()),
      back: () => {
        this.upsets++
        this.onReconnect?.()
      },
    })
  }

  get isConnected(): boolean {
    return this.#link.isUp
  }

  get isClosed(): boolean {
    return this.#connection.isClosed()
  }

  get maxPayloadBytes(): number {
    return this.#connection.info?.max_payload ?? 1_048_576
  }

  publish({ id, roomId, payload }: OutputMessage, after: number): Promise<Acknowledgement> {
    if (!this.#link.isUp) return Promise.reject(connectionLost())
    const fields = headers()
    fields.append('room_id', roomId)
    fields.append('Nats-Msg-Id', id)
    fields.append('Nats-Expected-Last-Sequence', String(after))
    return this.#inbox.publish(this.#subject, payload, fields)
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}
