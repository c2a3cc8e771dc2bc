import type { z } from 'zod'
import { once, repeatable } from '../endpoint.ts'
import { bool, emptyList, int, struct, text } from '../wire/builders.ts'
import { cursorFromFirst, nextPage, upToThousand } from '../wire/paging.ts'
import { isDryRun, requester } from './order.ts'

/** A room whose history is being purged, or was. */
export const HistoryPurgeSummary = struct('administration.HistoryPurge', {
  room_id: text(),
  requester: text('Who ordered it.'),
  before_depth: int('The depth before which the history goes; 0: by age.'),
  before_ts: int('The time before which it goes, in milliseconds since the epoch; 0: by depth.'),
  step: text(
    '`removing`: its events are taken out of the event graph; `deleting`: what is not needed of them is deleted, after outputs about them were delivered; `done`.',
  ),
  events: int('How many the history had when the purge was ordered.'),
  removed_events: int('Those that were taken out of the graph.'),
  deleted_events: int('Those of them that are deleted. What states and auth chains need stays.'),
  since_ts: int('When it was ordered, in milliseconds since the epoch.'),
  step_ts: int('When the step began.'),
})
export type HistoryPurgeSummary = z.infer<typeof HistoryPurgeSummary>

/** Body of a request of `historyPurges`. */
export const HistoryPurgesRequest = struct('administration.HistoryPurgesRequest', {
  cursor: cursorFromFirst(),
  limit: upToThousand(),
})
export type HistoryPurgesRequest = z.infer<typeof HistoryPurgesRequest>

/** Answer of `historyPurges`. */
export const HistoryPurgesResponse = struct('administration.HistoryPurgesResponse', {
  purges: emptyList(HistoryPurgeSummary),
  next: nextPage(),
})
export type HistoryPurgesResponse = z.infer<typeof HistoryPurgesResponse>

/** Body of a request of `purgeHistory`. */
export const PurgeHistoryRequest = struct('administration.PurgeHistoryRequest', {
  room_id: text(),
  before_event: text('The history before this event goes, by depth. Empty: by age.'),
  older_than_ms: int(
    'The history that is older goes, by what events say of when they were made. 0: by event.',
  ),
  requester: requester(),
  dry_run: isDryRun(),
})
export type PurgeHistoryRequest = z.infer<typeof PurgeHistoryRequest>

/** Answer of `purgeHistory`: what is deleted. That goes on beside; `historyPurges` says how far it is. */
export const PurgeHistoryResponse = struct('administration.PurgeHistoryResponse', {
  events: int('Events that are deleted.'),
  local_events: int('Those of them that users of this server sent, which no other server may have.'),
  kept_events: int(
    'Events of the history that stay, outside the event graph: states and auth chains need them.',
  ),
  states: int('State snapshots that are deleted.'),
  changes: int('Changes of the journal that are deleted.'),
  outputs: int('Outputs about them that wait or, without a message server, are kept for readers.'),
  bytes: int('Of the texts of the events that are deleted.'),
  is_under_way: bool('Whether the history of the room is being purged already.'),
})
export type PurgeHistoryResponse = z.infer<typeof PurgeHistoryResponse>

/** Deleting the history of rooms. */
export const historyPurgeEndpoints = {
  /** Lists the rooms whose history is being purged, and the latest purge of others. */
  historyPurges: repeatable({
    path: '/admin/v1/historyPurges',
    request: HistoryPurgesRequest,
    response: HistoryPurgesResponse,
    summary: 'Lists the rooms whose history is being purged, and the latest purge of others.',
  }),
  /**
   * Deletes the history of a room before an event, or what is older than a time. Its state, auth chains and
   * forward extremities stay, and it takes events meanwhile.
   */
  purgeHistory: once({
    path: '/admin/v1/purgeHistory',
    timeoutMs: 600_000,
    request: PurgeHistoryRequest,
    response: PurgeHistoryResponse,
    summary:
      'Deletes the history of a room before an event, or what is older than a time. Its state, auth chains and forward extremities stay, and it takes events meanwhile.',
  }),
}
