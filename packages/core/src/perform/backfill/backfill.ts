import type { PerformBackfillRequest, PerformBackfillResponse } from '@roomserver/api'
import type { EventId, EventRecord, RoomRecord } from '@roomserver/types'
import { storedEvents } from '../../query/auth-chain.ts'
import { roomWithState } from '../../query/context.ts'
import { oldestEventsFirst, walkBack } from '../../query/event-walk.ts'
import { roomNotFound } from '../../query/failures.ts'
import { headeredEvents, rulesOf } from '../../output/headered.ts'
import { readAs } from '../../query/read-as.ts'
import type { PerformContext } from '../context.ts'
import { backfillFromOthers } from './from-others.ts'

/** More than this is neither given nor fetched at once. */
export const MAX_BACKFILL = 100

/**
 * Earlier events of a room. Another server is answered from what we have and it may see; for ourselves what is missing
 * is fetched from other servers and ingested.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND
 */
export async function performBackfill(
  context: PerformContext,
  request: PerformBackfillRequest,
): Promise<PerformBackfillResponse> {
  const { room_id: roomId, server_name: server } = request
  const isOurs = server === context.serverName
  const room = await roomWithState(context, roomId)
  if (room === undefined) {
    const who = isOurs ? 'backfillViaFederation' : 'PerformBackfill'
    throw roomNotFound(roomId, `${who}: missing room info for room ${roomId}`)
  }
  const from = [...new Set([...request.backwards_extremities.values()].flat())]
  const events = isOurs
    ? await backfillFromOthers(context, room, from)
    : await backfillForOthers(context, room, from, request)
  return { events: headeredEvents(events, rulesOf(room)) }
}

/** Oldest first. */
async function backfillForOthers(
  context: PerformContext,
  room: RoomRecord,
  from: readonly EventId[],
  { server_name: server, limit }: PerformBackfillRequest,
): Promise<readonly EventRecord[]> {
  const rules = rulesOf(room)
  return await readAs(context, room, server, function* (view, visibility) {
    const prevEventsOf = (record: EventRecord) => view.pduOf(record, rules).prevEvents
    const start: EventRecord[] = []
    for (const record of yield* storedEvents(view, from)) {
      if (record.roomNid === room.nid && (yield* visibility.maySee(record))) start.push(record)
    }
    const limited = Math.min(limit, MAX_BACKFILL)
    const walk = { roomNid: room.nid, from: start, stopAt: new Set<EventId>(), limit: limited }
    return oldestEventsFirst(yield* walkBack(view, walk, visibility, prevEventsOf), prevEventsOf)
  })
}
