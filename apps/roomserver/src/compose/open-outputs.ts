import { renderOutput } from '@roomserver/core'
import {
  type Bus,
  connectJetStream,
  type EmbeddedLog,
  openEmbeddedLog,
  type OutboxRelay,
  type RelayStatus,
  startOutboxRelay,
} from '@roomserver/producers'
import { lead, type Storage } from '@roomserver/storage'
import { type Logger, systemClock } from '@roomserver/types'
import type { Config } from '../config/config.ts'
import { type AtPoint, tellingBus } from './fault-points.ts'

/** How what is announced leaves the database. */
export interface Outputs extends AsyncDisposable {
  /** Says that outputs were committed. */
  wake(): void
  /** The log to read from, in the embedded form. */
  readonly log?: EmbeddedLog
  /** How the relay is doing, in the production form; undefined while another process delivers. */
  readonly status?: () => RelayStatus | undefined
}

/** Starts to bring outputs where the configuration says. */
export function openOutputs(storage: Storage, config: Config, log: Logger, at?: AtPoint): Outputs {
  const { output } = config
  if (output.kind === 'embedded') return embedded(storage)
  const connect = async () => {
    const bus = await connectJetStream(output)
    return at === undefined ? bus : tellingBus(bus, at)
  }
  return relayed(storage, config, connect, log)
}

function embedded(storage: Storage): Outputs {
  const log = openEmbeddedLog(storage, renderOutput)
  return { log, wake: () => log.wake(), [Symbol.asyncDispose]: async () => log[Symbol.dispose]() }
}

/** How long a stopping server waits for the message server to take what is left; the rest goes after the next start. */
const LAST_DELIVERY_MS = 5_000
/** How long the outputs of a process that was killed wait for another one to deliver them. */
const LEASE_MS = 5_000

function relayed(source: Storage, config: Config, connect: () => Promise<Bus>, log: Logger): Outputs {
  let relay: OutboxRelay | undefined
  const start = (): AsyncDisposable => {
    const { window } = config.settings.output
    const started = startOutboxRelay(
      { source, render: renderOutput, connect, clock: systemClock, log },
      { window },
    )
    relay = started
    return { [Symbol.asyncDispose]: () => endOrderly(started) }
  }
  // SQLite is for one process, which need not wait for a lease.
  const running =
    config.database.kind === 'sqlite'
      ? start()
      : lead(source, 'output relay', start, { ttlMs: LEASE_MS, logger: log })
  return {
    wake: () => relay?.wake(),
    status: () => relay?.status(),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  }
}

async function endOrderly(relay: OutboxRelay): Promise<void> {
  if (relay.status().isConnected) await relay.drained(LAST_DELIVERY_MS)
  await relay[Symbol.asyncDispose]()
}
