import { setTimeout as wait } from 'node:timers/promises'
import type { OutputRetention, Storage } from '@roomserver/storage'
import { type Logger, systemClock } from '@roomserver/types'

/** Outputs dropped in one transaction; others have the database in between. */
const SLICE = 500
const PAUSE_MS = 20
const EVERY_MS = 10_000

/** Keeps the embedded output log within its bounds while the server runs, a slice at a time. */
export function startTrimmer(
  storage: Pick<Storage, 'trimOutputs'>,
  retention: OutputRetention,
  log: Logger,
): AsyncDisposable {
  const stop = new AbortController()
  const running = trimAllTheTime(storage, retention, log, stop.signal)
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
    },
  }
}

async function trimAllTheTime(
  storage: Pick<Storage, 'trimOutputs'>,
  retention: OutputRetention,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    let isMore = false
    try {
      isMore = (await storage.trimOutputs(retention, systemClock.now(), SLICE)) >= SLICE
    } catch (error) {
      log.warn({ err: error }, 'old outputs could not be dropped; later, then')
    }
    await wait(isMore ? PAUSE_MS : EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}
