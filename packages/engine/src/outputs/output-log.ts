import { renderOutput } from '@roomserver/core'
import { openEmbeddedLog } from '@roomserver/producers'
import { runAsLeader } from '@roomserver/storage'
import {
  invalidArgument,
  type LeaseStore,
  type Logger,
  type OutputRetention,
  silentLogger,
  systemClock,
} from '@roomserver/types'
import { comesTrue, LOG_LEASE, OUTPUT_LEASE_MS, RELAY_LEASE } from './output-leases.ts'
import { DEFAULT_RETENTION, type OutputLogOptions } from './output-options.ts'
import type { Outputs, OutputSource } from './outputs.ts'
import { startTrimmer } from './trimmer.ts'

/** Opens the output log in the database, and keeps it within its bounds. */
export async function openOutputLog(
  { storage, isShared, log: logger }: OutputSource,
  options: OutputLogOptions,
): Promise<Outputs> {
  await using parts = new AsyncDisposableStack()
  if (isShared) parts.use(await onlyProcess(storage, logger))
  await storage.beginEpochOfProcess(systemClock.now())
  const log = parts.use(openEmbeddedLog(storage, renderOutput, { epochs: await storage.outputEpochs() }))
  const trimmer = parts.use(startTrimmer(storage, retentionOf(options), logger))
  const owned = parts.move()
  const logBytes = () => trimmer.bytes
  return { log, logBytes, wake: () => log.wake(), [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/**
 * Sees to it that this is the only process on the database: a reader by position would miss what another one commits
 * behind it, and one that sends outputs to JetStream would take them out of the log. One that was killed is waited for.
 */
async function onlyProcess(storage: LeaseStore, log: Logger): Promise<AsyncDisposable> {
  await using leases = new AsyncDisposableStack()
  const nothing = (): AsyncDisposable => ({ [Symbol.asyncDispose]: async () => undefined })
  for (const [work, logger] of [
    [LOG_LEASE, log],
    [RELAY_LEASE, silentLogger],
  ] as const) {
    const leading = leases.use(runAsLeader(storage, work, nothing, { ttlMs: OUTPUT_LEASE_MS, logger }))
    if (!(await comesTrue(() => leading.isLeader)))
      throw invalidArgument('outputs', 'NATS servers, because another process is using this database')
  }
  return leases.move()
}

function retentionOf(options: OutputLogOptions): OutputRetention {
  const { maxCount, maxBytes, maxAgeMs } = { ...DEFAULT_RETENTION, ...options }
  return { maxCount, maxBytes, maxAgeMs }
}
