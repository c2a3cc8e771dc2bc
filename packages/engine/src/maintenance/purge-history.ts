import type { HistoryPurgeRecord } from '@roomserver/types'
import { isFailure } from '@roomserver/types'
import { inSlices } from './in-slices.ts'
import type { PurgeParts } from './purge-parts.ts'

/** How many rows are changed at a time. */
const SLICE = 250

/** Goes on with the purges of the history of rooms; returns whether any came further. */
export async function purgeHistories(parts: PurgeParts, signal: AbortSignal): Promise<boolean> {
  let isChanged = false
  for (const purge of await parts.storage.recentHistoryPurges())
    if (purge.step !== 'done' && !signal.aborted) isChanged = (await goOn(parts, purge, signal)) || isChanged
  return isChanged
}

/** Brings a purge to its next step, where it is time for that; returns whether it was. */
async function goOn(parts: PurgeParts, purge: HistoryPurgeRecord, signal: AbortSignal): Promise<boolean> {
  const { input, log, storage } = parts
  const { roomId, step } = purge
  try {
    if (step === 'removing') {
      if (!(await inSlices(storage.removeHistory(purge, { now: Date.now(), slice: SLICE }), signal)))
        return false
      await storage.enterHistoryPurgeStep(roomId, 'deleting')
      return true
    }
    if (parts.deliversOutputs && (await storage.hasOutputsOfHistory(purge))) return false
    if (!(await inSlices(storage.deleteHistory(purge, SLICE), signal))) return false
    // What this process has cached; the others drop it within seconds.
    await input.blockedRooms.refresh()
    await storage.enterHistoryPurgeStep(roomId, 'done')
    log.info({ room_id: roomId, events: purge.events, requester: purge.by }, 'purged the history of a room')
    return true
  } catch (error) {
    if (!isFailure(error, 'ROOM_NOT_FOUND')) throw error
    await storage.dropHistoryPurge(roomId)
    log.warn({ room_id: roomId }, 'stopped purging the history of a room, which is not stored any more')
    return true
  }
}
