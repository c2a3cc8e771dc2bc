import type { PerformBackfillRequest, PerformBackfillResponse } from '@roomserver/api'
import { type EventId, type EventRecord, NO_NID, type RoomRecord } from '@roomserver/types'
import { storedEvents } from '../../query/auth-chain.ts'
import { readRoom, roomWithState } from '../../query/context.ts'
import { oldestEventsFirst, walkBack } from '../../query/event-walk.ts'
import { roomNotFound } from '../../query/failures.ts'
import { headeredEvents, rulesOf } from '../../output/headered.ts'
import { readAs } from '../../query/read-as.ts'
import type { ServerVisibility } from '../../query/server-visibility.ts'
import type { View } from '../../view/view.ts'
import type { PerformContext } from '../context.ts'
import { backfillFromOthers } from './from-others.ts'

/** More than this is neither given nor fetched at once. */
export const MAX_BACKFILL = 100

/**
 * Earlier events of a room. Another server is answered from what we have and it may see. For ourselves, where all the events
 * that are asked for are stored, they are answered with what is before them; else they are fetched from other servers and
 * ingested.
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
  const stored = isOurs ? await storedHere(context, room, from) : []
  const events =
    isOurs && stored.length < from.length
      ? await backfillFromOthers(context, room, from)
      : await backfillFromStore(context, room, from, request)
  return { events: headeredEvents(events, rulesOf(room)) }
}

/** Those of the events that are in the graph of the room. */
async function storedHere(
  { store }: PerformContext,
  room: RoomRecord,
  from: readonly EventId[],
): Promise<readonly EventRecord[]> {
  const records = await store.eventsById(from)
  return records.filter(({ before, roomNid }) => roomNid === room.nid && before !== NO_NID)
}

/** Oldest first. Another server gets what it may see; what our users may see is decided where they read. */
async function backfillFromStore(
  context: PerformContext,
  room: RoomRecord,
  from: readonly EventId[],
  { server_name: server, limit }: PerformBackfillRequest,
): Promise<readonly EventRecord[]> {
  const rules = rulesOf(room)
  const walk = function* (view: View, visibility: Pick<ServerVisibility, 'maySee'>) {
    const prevEventsOf = (record: EventRecord) => view.pduOf(record, rules).prevEvents
    const start: EventRecord[] = []
    for (const record of yield* storedEvents(view, from)) {
      // What is outside the graph has no past to give, and may have been purged with it.
      if (record.roomNid !== room.nid || record.before === NO_NID) continue
      if (yield* visibility.maySee(record)) start.push(record)
    }
    const limited = Math.min(limit, MAX_BACKFILL)
    const going = { roomNid: room.nid, from: start, stopAt: new Set<EventId>(), limit: limited }
    return oldestEventsFirst(yield* walkBack(view, going, visibility, prevEventsOf), prevEventsOf)
  }
  if (server === context.serverName) return await readRoom(context, (view) => walk(view, EVERYTHING))
  return await readAs(context, room, server, walk)
}

const EVERYTHING: Pick<ServerVisibility, 'maySee'> = {
  // oxlint-disable-next-line require-yield -- it need not ask for anything
  *maySee() {
    return true
  },
}
