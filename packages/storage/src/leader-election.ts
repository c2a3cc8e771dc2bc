import { randomUUID } from 'node:crypto'
import { type Logger, silentLogger } from '@roomserver/types'
import type { Storage } from './storage.ts'

export interface LeaderOptions {
  /** How long after its last sign of life a leader is taken for gone. */
  readonly ttlMs?: number
  readonly logger?: Logger
}

/** A process among those that want to do some work which one of them does. */
export interface Leader extends AsyncDisposable {
  /** Whether this process is the one. */
  readonly isLeader: boolean
}

/**
 * Does a piece of work in one process at a time: starts it when this one gets the lease, stops it when the lease is
 * lost, and tries to get it for as long as this is not disposed of. When a leader ends in order the next takes over at
 * once, otherwise after `ttlMs` at the most.
 *
 * @param work - what the lease is called in the database
 * @param start - starts the work; disposing of what it returns stops it
 * @example
 * ```ts
 * import { openStorage, runAsLeader } from '@roomserver/storage'
 *
 * await using store = await openStorage({ dialect: 'postgres', connectionString: 'postgresql://localhost/rooms' })
 * await using cleaner = runAsLeader(store, 'cleaning', () => {
 *   const timer = setInterval(() => console.log('cleaning, in one of the processes'), 60_000)
 *   return { [Symbol.asyncDispose]: async () => clearInterval(timer) }
 * })
 * console.log(cleaner.isLeader)
 * ```
 */
export function runAsLeader(
  store: Pick<Storage, 'takeLease' | 'releaseLease'>,
  work: string,
  start: () => AsyncDisposable,
  { ttlMs = 15_000, logger = silentLogger }: LeaderOptions = {},
): Leader {
  const holder = randomUUID()
  const stop = new AbortController()
  let running: AsyncDisposable | undefined
  let validUntil = 0

  const end = async (): Promise<void> => {
    const ending = running
    running = undefined
    try {
      await ending?.[Symbol.asyncDispose]()
    } catch (error) {
      // The next attempt to lead has to come all the same.
      logger.warn({ work, error: String(error) }, 'could not end the work of the leader in order')
    }
  }

  /** Whether the lease is ours now; undefined where no answer comes before it would have run out. */
  const ask = async (): Promise<boolean | undefined> => {
    const answered = new AbortController()
    const late = pause(ttlMs, AbortSignal.any([stop.signal, answered.signal]))
    try {
      return (await Promise.race([store.takeLease(work, holder, ttlMs), late])) ?? undefined
    } catch (error) {
      logger.warn({ work, error: String(error) }, 'failed to renew lease; will retry')
      return undefined
    } finally {
      answered.abort()
    }
  }

  const renew = async (): Promise<void> => {
    const asked = performance.now()
    const isHeld = await ask()
    if (isHeld === true) validUntil = asked + ttlMs
    if (isHeld === true && running === undefined && !stop.signal.aborted) {
      logger.info({ work }, 'became leader')
      running = start()
    }
    if (running !== undefined && (isHeld === false || performance.now() >= validUntil)) {
      logger.warn({ work }, 'no longer leader')
      await end()
    }
  }

  const loop = (async () => {
    while (!stop.signal.aborted) {
      await renew()
      await pause(ttlMs / 3, stop.signal)
    }
  })()

  return {
    get isLeader() {
      return running !== undefined
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await loop
      await end()
      await store.releaseLease(work, holder).catch(() => undefined)
    },
  }
}

/** Waits until the time is over or `signal` is aborted; keeps no process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    timer.unref()
    signal.addEventListener('abort', end)
  })
}
