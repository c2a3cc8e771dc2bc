import type { RetriedEvent, RetryMissingEventsRequest, RetryMissingEventsResponse } from '@roomserver/api'
import { paged, type RepairRecord } from '@roomserver/types'
import type { Retried } from '../../missing-events/retries.ts'
import { roomNotFound } from '../../query/failures.ts'
import type { PerformContext } from '../context.ts'
import { federated, type Repairs } from './repair-room.ts'

/** How many events are listed, and how many are read at a time. */
const MOST = 100

/**
 * Tries all repairs of a room again, also those that were given up, or says which there are.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND; INVALID_ARGUMENT where no other server can be asked
 */
export async function retryMissingEvents(
  { store }: PerformContext,
  repairs: Repairs,
  { dry_run: isDryRun, room_id: roomId }: RetryMissingEventsRequest,
): Promise<RetryMissingEventsResponse> {
  const asked = federated(repairs)
  const [first] = await store.repairsOfRoom(roomId, '', 1)
  if (first === undefined && (await store.room(roomId)) === undefined)
    throw roomNotFound(roomId, `room ${JSON.stringify(roomId)} is not known here`)
  if (isDryRun) return await waitingEvents({ store }, roomId)
  const retried = (await asked.retry(roomId)).map(outcomeOf)
  const isWaiting = ({ outcome }: RetriedEvent) => outcome === 'missing' || outcome === 'failed'
  return {
    waiting: retried.length,
    repaired: retried.filter((one) => !isWaiting(one)).length,
    events: retried.slice(0, MOST),
  }
}

async function waitingEvents(
  { store }: Pick<PerformContext, 'store'>,
  roomId: string,
): Promise<RetryMissingEventsResponse> {
  const read = (after: string, limit: number) => store.repairsOfRoom(roomId, after, limit)
  const keyOf = ({ eventId }: RepairRecord) => eventId
  const events: RetriedEvent[] = []
  let waiting = 0
  for await (const page of paged({ read, keyOf, first: '', limit: MOST })) {
    waiting += page.length
    const listed = page.slice(0, MOST - events.length)
    events.push(
      ...listed.map(({ eventId, lastError, state }) => ({
        event_id: eventId,
        outcome: state,
        says: lastError,
      })),
    )
  }
  return { waiting, repaired: 0, events }
}

function outcomeOf({ eventId, outcome }: Retried): RetriedEvent {
  switch (outcome.kind) {
    case 'stored':
      return { event_id: eventId, outcome: outcome.verdict, says: '' }
    case 'missing': {
      const missing = [...outcome.auth, ...outcome.prev, ...outcome.state]
      return {
        event_id: eventId,
        outcome: 'missing',
        says: `still missing ${missing.slice(0, 5).join(', ')}`,
      }
    }
    case 'refused':
      return { event_id: eventId, outcome: 'refused', says: outcome.error.message }
    case 'failed':
      return { event_id: eventId, outcome: 'failed', says: outcome.reason }
  }
}
