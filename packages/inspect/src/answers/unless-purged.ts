import { type EventId, isFailure, RoomserverError } from '@roomserver/types'
import type { InspectionSource } from '../read/inspection-source.ts'

/** How many event IDs of a request are looked up. */
const MAX_IDS = 100

/**
 * Answers a request. Where that fails as an event that it names is not known, or the states at it are not, and the event was
 * purged with the history of its room, it says so.
 *
 * @throws {RoomserverError} EVENT_PURGED
 */
export async function unlessPurged<Request, Answer>(
  source: InspectionSource,
  request: Request,
  answer: (source: InspectionSource, request: Request) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await answer(source, request)
  } catch (error) {
    if (!isFailure(error, 'EVENT_NOT_FOUND') && !isFailure(error, 'INVALID_ARGUMENT')) throw error
    const [eventId] = await source.store.purgedEvents(eventIdsIn(request))
    if (eventId === undefined) throw error
    const message = `event ${JSON.stringify(eventId)} was purged with the history of its room: neither it nor the states at it are known any more`
    throw new RoomserverError('EVENT_PURGED', { eventId }, message)
  }
}

function eventIdsIn(value: unknown): readonly EventId[] {
  const found: EventId[] = []
  const walk = [value]
  for (let at = 0; at < walk.length && found.length < MAX_IDS; at++) {
    const one = walk[at]
    if (typeof one === 'string' && one.startsWith('$')) found.push(one)
    else if (typeof one === 'object' && one !== null && walk.length < MAX_IDS * 10)
      walk.push(...Object.values(one).slice(0, MAX_IDS))
  }
  return found
}
