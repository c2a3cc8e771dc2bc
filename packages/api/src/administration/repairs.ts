import type { z } from 'zod'
import { once } from '../endpoint.ts'
import { emptyList, int, oneOf, struct, text } from '../wire/builders.ts'
import { isDryRun, requester } from './order.ts'

/** Body of a request of `repairRoom`. */
export const RepairRoomRequest = struct('administration.RepairRoomRequest', {
  room_id: text(),
  repair: oneOf(
    ['recompute-state', 'prune-extremities', 'state-from-servers'],
    'Recompute the current state from the forward extremities; drop forward extremities that were not accepted or that have accepted successors; or take the state before the latest event that other servers supply.',
  ),
  server: text('Of `state-from-servers`, whose state is taken; empty: the one that most servers supply.'),
  requester: requester(),
  dry_run: isDryRun(),
})
export type RepairRoomRequest = z.infer<typeof RepairRoomRequest>

/** An entry of the current state that a repair changes. */
export const RepairedStateEntry = struct('administration.RepairedStateEntry', {
  type: text(),
  state_key: text(),
  from: text('The event that it has; empty: none.'),
  to: text('The event that it is to have; empty: none.'),
})
export type RepairedStateEntry = z.infer<typeof RepairedStateEntry>

/** A state that servers supply, and in how many entries it differs from the current one here. */
export const SuppliedState = struct('administration.SuppliedState', {
  servers: emptyList(text()),
  changed_entries: int(),
})
export type SuppliedState = z.infer<typeof SuppliedState>

/** A server that supplied no state. */
export const FailedServer = struct('administration.FailedServer', { server: text(), reason: text() })
export type FailedServer = z.infer<typeof FailedServer>

/** Answer of `repairRoom`. */
export const RepairRoomResponse = struct('administration.RepairRoomResponse', {
  changed_entries: int('Entries of the current state that change.'),
  entries: emptyList(RepairedStateEntry, 'At most 100 of them.'),
  dropped_extremities: emptyList(text(), 'Forward extremities that are dropped; at most 100.'),
  servers: emptyList(text(), 'Of `state-from-servers`, whose state is taken; none: no server supplied one.'),
  states: emptyList(SuppliedState, 'Of `state-from-servers`, all states, the one of most servers first.'),
  failed_servers: emptyList(FailedServer),
})
export type RepairRoomResponse = z.infer<typeof RepairRoomResponse>

/** Body of a request of `retryMissingEvents`. */
export const RetryMissingEventsRequest = struct('administration.RetryMissingEventsRequest', {
  room_id: text(),
  requester: requester(),
  dry_run: isDryRun(),
})
export type RetryMissingEventsRequest = z.infer<typeof RetryMissingEventsRequest>

/** What came of an event that waited for missing events. */
export const RetriedEvent = struct('administration.RetriedEvent', {
  event_id: text(),
  outcome: text(
    'Its verdict; `missing`, `refused` or `failed`. Of a dry run: `waiting`, `running`, `failed` or `gave-up`.',
  ),
  says: text('The reason, or what is still missing; empty: nothing to say.'),
})
export type RetriedEvent = z.infer<typeof RetriedEvent>

/** Answer of `retryMissingEvents`. */
export const RetryMissingEventsResponse = struct('administration.RetryMissingEventsResponse', {
  waiting: int('Events that waited.'),
  repaired: int('Events that do not wait any more.'),
  events: emptyList(RetriedEvent, 'At most 100 of them.'),
})
export type RetryMissingEventsResponse = z.infer<typeof RetryMissingEventsResponse>

/** What operators do about rooms that broke. */
export const repairEndpoints = {
  /** Repairs the state or the forward extremities of a room. */
  repairRoom: once({
    path: '/admin/v1/repairRoom',
    request: RepairRoomRequest,
    response: RepairRoomResponse,
    summary: 'Repairs the state or the forward extremities of a room.',
    description:
      'Changes are recorded in the journal with the cause `repair`, and consumers get the latest event again, as one that rewrites the state. A dry run of `state-from-servers` asks the servers, too.',
    timeoutMs: 600_000,
  }),
  /** Asks other servers again for what events of a room lack, also where the server has given up. */
  retryMissingEvents: once({
    path: '/admin/v1/retryMissingEvents',
    request: RetryMissingEventsRequest,
    response: RetryMissingEventsResponse,
    summary: 'Asks other servers again for what events of a room lack, also where the server has given up.',
    timeoutMs: 600_000,
  }),
}
