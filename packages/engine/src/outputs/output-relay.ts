import { renderOutput } from '@roomserver/core'
import {
  connectJetStream,
  natsPlace,
  parseNatsAddresses,
  openWakeCalls,
  type OutboxRelay,
  startOutboxRelay,
  type WakeCalls,
} from '@roomserver/producers'
import { runAsLeader } from '@roomserver/storage'
import { invalidArgument, systemClock } from '@roomserver/types'
import { observedBus } from '../fault-points.ts'
import { comesTrue, LOG_LEASE, OUTPUT_LEASE_MS, RELAY_LEASE } from './output-leases.ts'
import { DEFAULT_RELAY, type OutputRelayOptions } from './output-options.ts'
import type { Outputs, OutputSource } from './outputs.ts'
import { timedBus } from './timed-bus.ts'

/** How long a stopping server waits for the message server to take what is left; the rest goes after the next start. */
const LAST_DELIVERY_MS = 5_000

/**
 * Starts to publish outputs; where processes share the database, one of them does.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT where a process uses the database whose outputs stay there
 */
export async function openOutputRelay(source: OutputSource, options: OutputRelayOptions): Promise<Outputs> {
  const start = () => startRelay(source, options)
  const waitMs = options.acknowledgementWaitMs ?? DEFAULT_RELAY.acknowledgementWaitMs
  // A wrong one would be tried again for ever.
  parseNatsAddresses(options.servers)
  if (source.isShared && !(await comesTrue(async () => !(await source.storage.isLeaseHeld(LOG_LEASE)))))
    throw invalidArgument(
      'outputs',
      'no NATS servers, because a process without them is using this database; stop that one first',
    )
  return source.isShared ? among(source, start, openWakeCalls(options), waitMs) : alone(start(), waitMs)
}

function startRelay(
  { storage, log, atPoint, onPublished }: OutputSource,
  options: OutputRelayOptions,
): OutboxRelay {
  const {
    window,
    pollMs,
    keepDeliveredMs: maxAgeMs,
    keepDeliveredBytes: maxBytes,
  } = { ...DEFAULT_RELAY, ...options }
  const connect = async () => {
    const opened = await connectJetStream(options)
    const bus = onPublished === undefined ? opened : timedBus(opened, onPublished)
    return atPoint === undefined ? bus : observedBus(bus, atPoint)
  }
  const parts = {
    source: storage,
    deliveries: storage,
    render: renderOutput,
    connect,
    place: natsPlace(options.servers),
    clock: systemClock,
    log,
  }
  return startOutboxRelay(parts, { window, pollMs, keepDelivered: { maxAgeMs, maxBytes } })
}

/** The only process need not wait for a lease. */
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
  { storage, log }: OutputSource,
  start: () => OutboxRelay,
  calls: WakeCalls,
  waitMs: number,
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
  const leading = runAsLeader(storage, RELAY_LEASE, begin, { ttlMs: OUTPUT_LEASE_MS, logger: log })
  return {
    wake: () => (relay === undefined ? calls.call() : relay.wake()),
    ...(waitMs > 0 && {
      whenDelivered: (roomId: string, seq: number) => (relay ?? calls).delivered(roomId, seq, waitMs),
    }),
    status: () => relay?.status(),
    isDelivered: async () => relay !== undefined || (await storage.isLeaseHeld(RELAY_LEASE)),
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
