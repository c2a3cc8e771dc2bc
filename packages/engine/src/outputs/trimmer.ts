import { setTimeout as wait } from 'node:timers/promises'
import { type Logger, type OutputLogStore, type OutputRetention, systemClock } from '@roomserver/types'

/** Outputs dropped in one transaction; others have the database in between. */
const SLICE = 500
const PAUSE_MS = 20
const EVERY_MS = 10_000

/** The upkeep of the embedded output log. */
export interface Trimmer extends AsyncDisposable {
  /** What the log took at the last look, without events. */
  readonly bytes: number
}

/** Keeps the embedded output log within its bounds while the server runs, a slice at a time. */
export function startTrimmer(
  storage: Pick<OutputLogStore, 'trimOutputs'>,
  retention: OutputRetention,
  log: Logger,
): Trimmer {
  const stop = new AbortController()
  let bytes = 0
  const trim = async (): Promise<boolean> => {
    const trimmed = await storage.trimOutputs(retention, systemClock.now(), SLICE)
    bytes = trimmed.bytes
    return trimmed.dropped >= SLICE
  }
  const running = trimAllTheTime(trim, log, stop.signal)
  return {
    get bytes() {
      return bytes
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
    },
  }
}

async function trimAllTheTime(trim: () => Promise<boolean>, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let isMore = false
    try {
      isMore = await trim()
    } catch (error) {
      log.warn({ err: error }, 'could not drop old outputs; will retry')
    }
    await wait(isMore ? PAUSE_MS : EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}
