import { setTimeout as wait } from 'node:timers/promises'
import { renderOutput } from '@roomserver/core'
import { openEmbeddedLog } from '@roomserver/producers'
import { type OutputRetention, runAsLeader, type Storage } from '@roomserver/storage'
import { invalidArgument, type Logger, systemClock } from '@roomserver/types'
import { DEFAULT_RETENTION, type OutputLogOptions } from './output-options.ts'
import type { Outputs, OutputSource } from './outputs.ts'
import { startTrimmer } from './trimmer.ts'

/** How long a process that was killed is waited for. */
const LEASE_MS = 5_000
const LOOK_MS = 20

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
 * behind it. One that was killed is waited for.
 */
async function onlyProcess(storage: Storage, log: Logger): Promise<AsyncDisposable> {
  const nothing = (): AsyncDisposable => ({ [Symbol.asyncDispose]: async () => undefined })
  const leading = runAsLeader(storage, 'embedded output log', nothing, { ttlMs: LEASE_MS, logger: log })
  for (let waitedMs = 0; !leading.isLeader && waitedMs < LEASE_MS + 1_000; waitedMs += LOOK_MS)
    await wait(LOOK_MS)
  if (leading.isLeader) return leading
  await leading[Symbol.asyncDispose]()
  throw invalidArgument('outputs', 'NATS servers, because another process is using this database')
}

function retentionOf(options: OutputLogOptions): OutputRetention {
  const { maxCount, maxBytes, maxAgeMs } = { ...DEFAULT_RETENTION, ...options }
  return { maxCount, maxBytes, maxAgeMs }
}
