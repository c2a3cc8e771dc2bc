import type {
  HistoryPurgesRequest,
  HistoryPurgesResponse,
  PurgeHistoryRequest,
  PurgeHistoryResponse,
} from '@roomserver/api'
import { type HistoryHorizon, NO_NID, type RoomRecord, RoomserverError, serverOf } from '@roomserver/types'
import { isBeingPurged, roomIsPurged } from '../../input/blocked-rooms.ts'
import { roomWithState } from '../../query/context.ts'
import { invalidArgument, roomNotFound } from '../../query/failures.ts'
import type { PerformContext } from '../context.ts'
import { pageSize } from './page-size.ts'

/** The rooms whose history is being purged, or was. */
export async function historyPurges(
  { store }: PerformContext,
  { cursor, limit }: HistoryPurgesRequest,
): Promise<HistoryPurgesResponse> {
  const wanted = pageSize(limit)
  const page = await store.historyPurges(cursor, wanted)
  return {
    purges: page.map((purge) => ({
      room_id: purge.roomId,
      requester: purge.by,
      before_depth: purge.beforeDepth,
      before_ts: purge.beforeTs,
      step: purge.step,
      events: purge.events,
      removed_events: purge.removedEvents,
      deleted_events: purge.deletedEvents,
      since_ts: purge.sinceTs,
      step_ts: purge.stepTs,
    })),
    next: page.length < wanted ? '' : (page.at(-1)?.roomId ?? ''),
  }
}

/**
 * Has the history of a room deleted, which goes on beside, and after a restart. The room takes events meanwhile.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, EVENT_NOT_FOUND, EVENT_PURGED, INVALID_ARGUMENT, ROOM_BLOCKED while the room itself
 *   is being purged
 */
export async function purgeHistory(
  context: PerformContext,
  request: PurgeHistoryRequest,
): Promise<PurgeHistoryResponse> {
  const { clock, serverName, store } = context
  const { room_id: roomId, requester, dry_run: isDryRun } = request
  const room = await roomWithState(context, roomId)
  if (room === undefined) throw roomNotFound(roomId, `room ${JSON.stringify(roomId)} is not known here`)
  const horizon = await horizonOf(context, room, request)
  const isLocal = (userId: string): boolean => serverOf(userId) === serverName
  const estimate = await store.historyEstimate(room, horizon, { isLocal, now: clock.now() })
  const answer = {
    events: estimate.events,
    local_events: estimate.localEvents,
    kept_events: estimate.keptEvents,
    states: estimate.snapshots,
    changes: estimate.changes,
    outputs: estimate.outputs,
    bytes: estimate.bytes,
  }
  if (isDryRun) {
    const recent = await store.recentHistoryPurges()
    return { ...answer, is_under_way: recent.some((one) => one.roomId === roomId && one.step !== 'done') }
  }
  await refuseWhilePurged(context, room)
  const isNew = await store.beginHistoryPurge({
    roomId,
    roomNid: room.nid,
    ...horizon,
    by: requester,
    step: 'removing',
    events: estimate.events + estimate.keptEvents,
    removedEvents: 0,
    deletedEvents: 0,
  })
  return { ...answer, is_under_way: !isNew }
}

async function horizonOf(
  { clock, store }: PerformContext,
  room: RoomRecord,
  { before_event: eventId, older_than_ms: age }: PurgeHistoryRequest,
): Promise<HistoryHorizon> {
  if ((eventId === '') === (age === 0)) {
    const expected = 'either an event or an age'
    throw invalidArgument('before_event', expected, `before_event, older_than_ms: expected ${expected}`)
  }
  if (eventId === '') {
    const expected = 'a number of milliseconds that lie in the past of this clock'
    const beforeTs = clock.now() - age
    if (!(age > 0 && beforeTs > 0))
      throw invalidArgument('older_than_ms', expected, `older_than_ms: expected ${expected}`)
    return { beforeDepth: 0, beforeTs }
  }
  const [event] = await store.eventsById([eventId])
  if (event?.roomNid === room.nid && event.before !== NO_NID) return { beforeDepth: event.depth, beforeTs: 0 }
  if ((await store.purgedEvents(room.nid, [eventId])).length > 0) {
    const message = `event ${eventId} was purged with the history of the room before`
    throw new RoomserverError('EVENT_PURGED', { eventId }, message)
  }
  const message = `event ${JSON.stringify(eventId)} is not in the event graph of the room`
  throw new RoomserverError('EVENT_NOT_FOUND', { eventId }, message)
}

async function refuseWhilePurged({ store }: PerformContext, { roomId }: RoomRecord): Promise<void> {
  const purges = await store.purges()
  if (purges.some((one) => one.roomId === roomId && isBeingPurged(one))) throw roomIsPurged(roomId)
}
