import type { Storage } from '@roomserver/storage'
import type { EngineStore, Logger } from '@roomserver/types'
import { inSlices, pause } from './in-slices.ts'

/** How often is looked whether a file has much space that holds nothing. */
const LOOK_MS = 5_000

/** Less than this is left for what comes next: so many pages, and this share of the file. */
const FEW_PAGES = 1_024
const SMALL_SHARE = 0.1

/** How many pages are given back at a time. */
const SLICE = 64

/** What of a store its space is given back by. A store of one's own need not have it. */
export type FileStore = Pick<Storage, 'filePages' | 'returnPages'>

/** Whether the space of a store can be given back. */
export function isFileStore(store: EngineStore): store is EngineStore & FileStore {
  return 'filePages' in store && 'returnPages' in store
}

/**
 * Gives space of a SQLite file back to the file system when much of it holds nothing, as after a purge: some pages at a time,
 * resting for as long as each took. After a restart it goes on by itself, because the file says how much is free.
 */
export function startReturningSpace(storage: FileStore, log: Logger): AsyncDisposable {
  const stop = new AbortController()
  const running = keepReturning(storage, log, stop.signal)
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
    },
  }
}

async function keepReturning(storage: FileStore, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const found = await storage.filePages()
      if (found === undefined) return
      const { free, pages } = found
      if (free >= FEW_PAGES && free >= pages * SMALL_SHARE) {
        await inSlices(returned(storage), signal)
        log.info({ pages: free, of: pages }, 'returned free space of the file to the file system')
      }
    } catch (error) {
      log.warn({ err: error }, 'could not return free space of the file; will retry')
    }
    await pause(LOOK_MS, signal)
  }
}

/** Until there is next to nothing left. */
async function* returned(storage: FileStore): AsyncGenerator<void, void, void> {
  while ((await storage.returnPages(SLICE)) >= SLICE) yield
}
