import { runAsLeader } from '@roomserver/storage'
import type { PurgeAtStep } from '@roomserver/types'
import type { PurgePace } from '../options.ts'
import { inSlices, pause } from './in-slices.ts'
import { purgeHistories } from './purge-history.ts'
import type { PurgeParts } from './purge-parts.ts'

/** How often the table of purges is looked at: by the process that deletes, and by the others, which drop what they cache. */
const LOOK_MS = 1_000
const REFRESH_MS = 5_000

/** How long the outputs of a room may wait for the message server before they are deleted with it. */
const DELIVERY_MS = 600_000

/** How long it can be seen how a purge ended. */
const KEEP_MS = 24 * 3_600_000

/**
 * Deletes the rooms that operators purge, and the history of rooms, in one process of those that share a database: a slice at a
 * time, resting for as long as each took. After a restart, or in another process, it goes on with what is left.
 */
export function startPurges(parts: PurgeParts, pace: PurgePace): AsyncDisposable {
  const { storage, input, log, isShared } = parts
  const start = (): AsyncDisposable => {
    const stop = new AbortController()
    const running = purgeAll(parts, pace, stop.signal)
    return {
      [Symbol.asyncDispose]: async () => {
        stop.abort()
        await running
      },
    }
  }
  const refreshing = setInterval(() => {
    input.blockedRooms
      .refresh()
      .catch((error: unknown) => log.warn({ err: error }, 'could not read purged rooms; will retry'))
  }, REFRESH_MS)
  const work = isShared ? runAsLeader(storage, 'purges', start) : start()
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(refreshing)
      await work[Symbol.asyncDispose]()
    },
  }
}

async function purgeAll(parts: PurgeParts, pace: PurgePace, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let isChanged = false
    try {
      for (const purge of await parts.storage.purges())
        isChanged = (await goOn(parts, pace, purge, signal)) || isChanged
      isChanged = (await purgeHistories(parts, signal)) || isChanged
    } catch (error) {
      parts.log.warn({ err: error }, 'could not purge a room; will retry')
    }
    if (!isChanged) await pause(LOOK_MS, signal)
  }
}

/** Brings a purge to its next step, where it is time for that; returns whether it was. */
async function goOn(
  parts: PurgeParts,
  { noticeMs, settleMs }: PurgePace,
  purge: PurgeAtStep,
  signal: AbortSignal,
): Promise<boolean> {
  const { storage, input, log } = parts
  const { roomId, step, stepAgeMs } = purge
  if (step === 'waiting') {
    if (stepAgeMs < noticeMs || (await waitsForDelivery(parts, purge))) return false
    return await storage.detachRoom(purge)
  }
  if (step === 'deleting') {
    if (!(await inSlices(storage.purgeRows(purge), signal))) return false
    await storage.enterPurgeStep(purge, 'settling')
    log.info({ room_id: roomId, events: purge.events, requester: purge.by }, 'purged a room')
    return true
  }
  if (step === 'settling') {
    if (stepAgeMs < settleMs) return false
    // What this process has cached; the others have had the time.
    await input.blockedRooms.refresh()
    await storage.enterPurgeStep(purge, 'done')
    await input.blockedRooms.refresh()
    return true
  }
  if (stepAgeMs > KEEP_MS) await storage.dropPurge(roomId)
  return false
}

async function waitsForDelivery(
  { deliversOutputs, storage }: PurgeParts,
  purge: PurgeAtStep,
): Promise<boolean> {
  if (!deliversOutputs || purge.isForced || purge.stepAgeMs > DELIVERY_MS) return false
  return await storage.hasOutputs(purge.roomId)
}
