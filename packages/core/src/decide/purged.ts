import type { Pdu } from '@roomserver/events'
import { type Suspendable, RoomserverError } from '@roomserver/types'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput, Outcome } from './event-input.ts'

/** Whether an event was in the graph of the room before its history was purged. */
export function* isPurged(
  draft: Draft,
  { depth, eventId }: Pick<Pdu, 'depth' | 'eventId'>,
): Suspendable<DecideNeed, boolean> {
  if (depth >= draft.read.purgedDepth) return false
  if (draft.reads.isPurged(eventId) === undefined) yield { kind: 'purged', ids: [eventId] }
  return draft.reads.isPurged(eventId) === true
}

/** An event that was purged is not stored again: it was announced when it came first. */
export function refusedPurged({ pdu: { eventId } }: EventInput): Outcome {
  const message = `event ${eventId} was purged with the history of its room`
  return { kind: 'refused', error: new RoomserverError('EVENT_PURGED', { eventId }, message) }
}
