import type { z } from 'zod'
import { repeatable } from '../endpoint.ts'
import { bool, emptyList, int, struct, text } from '../wire/builders.ts'
import { EventSummary, StoredVerdict } from './events.ts'
import { JournalEntry } from './states.ts'

/** Body of a request of `arrivals`. */
export const InspectArrivalsRequest = struct('inspection.ArrivalsRequest', {
  cursor: text('`next` of the page before, also much later; empty: what arrives from now on.'),
  limit: int('At most 500; 0: 100.'),
})
export type InspectArrivalsRequest = z.infer<typeof InspectArrivalsRequest>

/** An event that arrived in a room. */
export const ArrivedEvent = struct('inspection.ArrivedEvent', {
  room_id: text(),
  room_name: text('Its name, or else its alias; empty: it has neither. Foreign text.'),
  event: EventSummary,
  verdict: StoredVerdict,
  changes: emptyList(
    JournalEntry,
    'What it changed of the current state; at most 100, and none that are far back in the journal of the room.',
  ),
})
export type ArrivedEvent = z.infer<typeof ArrivedEvent>

/** Answer of `arrivals`: events of all rooms in the order in which they arrived. */
export const InspectArrivalsResponse = struct('inspection.ArrivalsResponse', {
  arrivals: emptyList(ArrivedEvent),
  next: text('Where the next page begins; never empty.'),
  is_latest: bool('Whether nothing had arrived behind this page; then ask again in a while.'),
})
export type InspectArrivalsResponse = z.infer<typeof InspectArrivalsResponse>

/** What arrives in all rooms. */
export const arrivalInspectionEndpoints = {
  /** Gives events of all rooms as they arrive, with their verdicts and the changes that they made. */
  arrivals: repeatable({
    path: '/inspect/v1/arrivals',
    request: InspectArrivalsRequest,
    response: InspectArrivalsResponse,
    summary: 'Gives events of all rooms as they arrive, with their verdicts and the changes that they made.',
    description:
      'What it reads follows from what arrived, not from how many rooms there are. Changes of a state that no new event made, as by a repair, are in `journal` only.',
  }),
}
