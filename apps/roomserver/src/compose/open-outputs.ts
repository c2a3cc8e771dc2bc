import { setTimeout as wait } from 'node:timers/promises'
import { renderOutput } from '@roomserver/core'
import {
  type Bus,
  connectJetStream,
  type EmbeddedLog,
  openEmbeddedLog,
  openWakeCalls,
  type OutboxRelay,
  type RelayStatus,
  startOutboxRelay,
  type WakeCalls,
} from '@roomserver/producers'
import { runAsLeader, type Storage } from '@roomserver/storage'
import { type Logger, RoomserverError, systemClock } from '@roomserver/types'
import type { Config } from '../config/config.ts'
import { type AtPoint, observedBus } from './fault-points.ts'
import { startTrimmer } from './trimmer.ts'

/** How what is announced leaves the database. */
export interface Outputs extends AsyncDisposable {
  /** Says that outputs were committed. */
  wake(): void
  /** Waits until an output of a room was delivered, at most as long as is configured; in the production form. */
  readonly whenDelivered?: (roomId: string, seq: number) => Promise<unknown>
  /** The log to read from, in the embedded form. */
  readonly log?: EmbeddedLog
  /** What the embedded log takes, without events. */
  readonly logBytes?: () => number
  /** How the relay is doing, in the production form; undefined while another process delivers. */
  readonly status?: () => RelayStatus | undefined
}

/** Starts to bring outputs where the configuration says. */
export async function openOutputs(
  storage: Storage,
  config: Config,
  log: Logger,
  at?: AtPoint,
): Promise<Outputs> {
  const { output } = config
  if (output.kind === 'embedded') return await embedded(storage, config, log)
  const connect = async () => {
    const bus = await connectJetStream(output)
    return at === undefined ? bus : observedBus(bus, at)
  }
  const start = () => startRelay(storage, config, connect, log)
  const waitMs = config.settings.output.acknowledgement_wait
  // SQLite is for one process, which need not wait for a lease.
  return config.database.kind === 'sqlite'
    ? alone(start(), waitMs)
    : among(storage, start, openWakeCalls(output), waitMs, log)
}

async function embedded(storage: Storage, config: Config, logger: Logger): Promise<Outputs> {
  await using parts = new AsyncDisposableStack()
  if (config.database.kind === 'postgres') parts.use(await onlyProcess(storage, logger))
  const log = parts.use(openEmbeddedLog(storage, renderOutput))
  const { keep_count: maxCount, keep_bytes: maxBytes, keep_time: maxAgeMs } = config.settings.output
  const trimmer = parts.use(startTrimmer(storage, { maxCount, maxBytes, maxAgeMs }, logger))
  const owned = parts.move()
  const logBytes = () => trimmer.bytes
  return { log, logBytes, wake: () => log.wake(), [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/**
 * Sees to it that this is the only process on the database: a reader by position would miss what another one commits
 * behind it. One that was killed is waited for.
 */
async function onlyProcess(storage: Storage, log: Logger): Promise<AsyncDisposable> {
  const nothing = (): AsyncDisposable => ({ [Symbol.asyncDispose]: async () => undefined })
  const leading = runAsLeader(storage, 'embedded output log', nothing, { ttlMs: LEASE_MS, logger: log })
  for (let waitedMs = 0; !leading.isLeader && waitedMs < LEASE_MS + 1_000; waitedMs += LOOK_MS)
    await wait(LOOK_MS)
  if (leading.isLeader) return leading
  await leading[Symbol.asyncDispose]()
  const expected = 'NATS servers, because another process is using this database'
  throw new RoomserverError(
    'BAD_CONFIGURATION',
    { key: 'global.jetstream.addresses', expected },
    `global.jetstream.addresses: expected ${expected}`,
  )
}

const LOOK_MS = 20

/** How long a stopping server waits for the message server to take what is left; the rest goes after the next start. */
const LAST_DELIVERY_MS = 5_000
/** How long the outputs of a process that was killed wait for another one to deliver them. */
const LEASE_MS = 5_000

function startRelay(
  source: Storage,
  { settings }: Config,
  connect: () => Promise<Bus>,
  log: Logger,
): OutboxRelay {
  const { window, look_every: pollMs } = settings.output
  const parts = { source, render: renderOutput, connect, clock: systemClock, log }
  return startOutboxRelay(parts, { window, pollMs })
}

function alone(relay: OutboxRelay, waitMs: number): Outputs {
  return {
    wake: () => relay.wake(),
    ...(waitMs > 0 && {
      whenDelivered: (roomId: string, seq: number) => relay.delivered(roomId, seq, waitMs),
    }),
    status: () => relay.status(),
    [Symbol.asyncDispose]: () => endOrderly(relay),
  }
}

/** One of the processes on a database delivers; the others wake it when they have committed something. */
function among(
  storage: Storage,
  start: () => OutboxRelay,
  calls: WakeCalls,
  waitMs: number,
  log: Logger,
): Outputs {
  let relay: OutboxRelay | undefined
  const begin = (): AsyncDisposable => {
    const started = start()
    relay = started
    const hearing = calls.listen(
      () => started.wake(),
      (roomId, seq, timeoutMs) => started.delivered(roomId, seq, Math.min(timeoutMs, waitMs)),
    )
    return {
      [Symbol.asyncDispose]: async () => {
        relay = undefined
        hearing[Symbol.dispose]()
        await endOrderly(started)
      },
    }
  }
  const leading = runAsLeader(storage, 'output relay', begin, { ttlMs: LEASE_MS, logger: log })
  return {
    wake: () => (relay === undefined ? calls.call() : relay.wake()),
    ...(waitMs > 0 && {
      whenDelivered: (roomId: string, seq: number) => (relay ?? calls).delivered(roomId, seq, waitMs),
    }),
    status: () => relay?.status(),
    [Symbol.asyncDispose]: async () => {
      await leading[Symbol.asyncDispose]()
      await calls[Symbol.asyncDispose]()
    },
  }
}

async function endOrderly(relay: OutboxRelay): Promise<void> {
  if (relay.status().isConnected) await relay.drained(LAST_DELIVERY_MS)
  await relay[Symbol.asyncDispose]()
}
