import type { ExplainRequest, ExplainResponse } from '@roomserver/api'
import { explainEntry } from '../explain/explain-entry.ts'
import { explainEvent } from '../explain/explain-event.ts'
import { explainRoom } from '../explain/explain-room.ts'
import { invalidArgument } from '../failures.ts'
import type { InspectionSource } from '../read/inspection-source.ts'

/**
 * Explains an event, an entry of the current state of a room, or a room, in sentences.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, EVENT_NOT_FOUND, INVALID_ARGUMENT
 */
export async function explain(source: InspectionSource, request: ExplainRequest): Promise<ExplainResponse> {
  if (request.event_id !== '') return await explainEvent(source, request.event_id)
  if (request.room_id === '') throw invalidArgument('room_id', 'a room, where no event is named')
  if (request.type === '') return await explainRoom(source, request.room_id)
  return await explainEntry(source, request)
}
