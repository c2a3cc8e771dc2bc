import type { Logger, UpkeepStore } from '@roomserver/types'

/** How long a client may send a request again and get the event that it made: as long as with other servers. */
const KEEP_MS = 24 * 3_600_000
const EVERY_MS = 10 * 60_000
/** How many are dropped at once. */
const SLICE = 1_000

/** Forgets the transactions of clients after a day; in every process, since forgetting twice does no harm. */
export function forgetTransactions(
  storage: Pick<UpkeepStore, 'dropTransactions'>,
  log: Logger,
): AsyncDisposable {
  const stop = new AbortController()
  const drop = async (): Promise<void> => {
    try {
      while (!stop.signal.aborted && (await storage.dropTransactions(KEEP_MS, SLICE)) === SLICE);
    } catch (error) {
      log.warn({ err: error }, 'could not drop old transactions; will retry')
    }
  }
  let running = drop()
  const timer = setInterval(() => {
    running = running.then(drop)
  }, EVERY_MS)
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      stop.abort()
      await running
    },
  }
}
