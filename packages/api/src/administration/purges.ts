import type { z } from 'zod'
import { once, repeatable } from '../endpoint.ts'
import { bool, emptyList, int, struct, text } from '../wire/builders.ts'
import { cursorFromFirst, nextPage, upToThousand } from '../wire/paging.ts'
import { isDryRun, requester } from './order.ts'

/** A room that is being purged, or was within the last day. */
export const PurgeSummary = struct('administration.Purge', {
  room_id: text(),
  requester: text('Who ordered it.'),
  step: text(
    '`waiting`: every process is to learn of it, and its outputs are to be delivered; `deleting`; `settling`: everything is deleted, and every process is to drop what it has cached of the room; `done`: the room can be joined again; `refused`: for `reason`.',
  ),
  reason: text(),
  events: int('How many it had when the purge was ordered.'),
  deleted_events: int(),
  since_ts: int('When it was ordered, in milliseconds since the epoch.'),
  step_ts: int('When the step began.'),
})
export type PurgeSummary = z.infer<typeof PurgeSummary>

/** Body of a request of `purges`. */
export const PurgesRequest = struct('administration.PurgesRequest', {
  cursor: cursorFromFirst(),
  limit: upToThousand(),
})
export type PurgesRequest = z.infer<typeof PurgesRequest>

/** Answer of `purges`. */
export const PurgesResponse = struct('administration.PurgesResponse', {
  purges: emptyList(PurgeSummary),
  next: nextPage(),
})
export type PurgesResponse = z.infer<typeof PurgesResponse>

/** Body of a request of `purgeRoom`. */
export const PurgeRoomRequest = struct('administration.PurgeRoomRequest', {
  room_id: text(),
  leave_first: bool('Takes users of this server out of the room before, and rejects invites of theirs.'),
  force: bool(
    'Purges it although users of this server are in it, of which neither other servers nor consumers of outputs are told, and although outputs of it wait to be delivered.',
  ),
  requester: requester(),
  dry_run: isDryRun(),
})
export type PurgeRoomRequest = z.infer<typeof PurgeRoomRequest>

/** Answer of `purgeRoom`: what is deleted. The deletion goes on beside; `purges` says how far it is. */
export const PurgeRoomResponse = struct('administration.PurgeRoomResponse', {
  events: int(),
  states: int('State snapshots.'),
  blocks: int('State blocks, of which those are kept that other rooms may share.'),
  outputs: int('Outputs that wait or, without a message server, are kept for readers.'),
  bytes: int('Of their contents.'),
  local_users: int('Users of this server who are joined, invited or knocking.'),
  is_under_way: bool('Whether it is being purged already.'),
})
export type PurgeRoomResponse = z.infer<typeof PurgeRoomResponse>

/** Deleting rooms. */
export const purgeEndpoints = {
  /** Lists the rooms that are being purged, or were within the last day. */
  purges: repeatable({
    path: '/admin/v1/purges',
    request: PurgesRequest,
    response: PurgesResponse,
    summary: 'Lists the rooms that are being purged, or were within the last day.',
  }),
  /**
   * Deletes everything that is stored of a room. It takes no events until that is done, and can be joined
   * again then.
   */
  purgeRoom: once({
    path: '/admin/v1/purgeRoom',
    timeoutMs: 600_000,
    request: PurgeRoomRequest,
    response: PurgeRoomResponse,
    summary:
      'Deletes everything that is stored of a room. It takes no events until that is done, and can be joined again then.',
  }),
}
