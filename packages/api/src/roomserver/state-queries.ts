import * as z from 'zod'
import { repeatable } from '../endpoint.ts'
import { EventReference, HeaderedEvent, StateKeyTuple } from '../events.ts'
import { BodySize } from '../limits.ts'
import { annotate } from '../wire/annotation.ts'
import { bool, int, list, orNull, struct, text, version } from '../wire/builders.ts'

/** Body of a request of `queryLatestEventsAndState`. Gives what the next event of a room builds on: forward extremities, depth, current state. */
export const QueryLatestEventsAndStateRequest = struct('api.QueryLatestEventsAndStateRequest', {
  room_id: text(),
  state_to_fetch: list(StateKeyTuple, 'Entries of the current state; none: all of it.'),
})
export type QueryLatestEventsAndStateRequest = z.infer<typeof QueryLatestEventsAndStateRequest>

/** Answer of `queryLatestEventsAndState`. */
export const QueryLatestEventsAndStateResponse = struct('api.QueryLatestEventsAndStateResponse', {
  room_exists: bool(),
  room_version: version(),
  latest_events: list(EventReference, 'Forward extremities: the prev events of the next one.'),
  state_events: list(HeaderedEvent),
  depth: int('Depth of the next event.', 'int64'),
})
export type QueryLatestEventsAndStateResponse = z.infer<typeof QueryLatestEventsAndStateResponse>

/** Body of a request of `queryStateAfterEvents`. Gives the state after a set of events. */
export const QueryStateAfterEventsRequest = struct('api.QueryStateAfterEventsRequest', {
  room_id: text(),
  prev_event_ids: list(text()),
  state_to_fetch: list(StateKeyTuple, 'Entries of that state; none: all of it.'),
})
export type QueryStateAfterEventsRequest = z.infer<typeof QueryStateAfterEventsRequest>

/** Answer of `queryStateAfterEvents`. */
export const QueryStateAfterEventsResponse = struct('api.QueryStateAfterEventsResponse', {
  room_exists: bool(),
  room_version: version(),
  prev_events_exist: bool('Whether all of the prev events are known; without them there is no state.'),
  state_events: list(HeaderedEvent),
})
export type QueryStateAfterEventsResponse = z.infer<typeof QueryStateAfterEventsResponse>

/** Body of a request of `queryStateAndAuthChain`. Gives the state after a set of events, and the auth chain that backs it. */
export const QueryStateAndAuthChainRequest = struct('api.QueryStateAndAuthChainRequest', {
  room_id: text(),
  prev_event_ids: list(text(), 'The state after these.'),
  auth_event_ids: list(text(), 'The auth chain of these, and of the state.'),
  only_fetch_auth_chain: bool('No state.'),
  resolve_state: bool('Resolve the states after several prev events instead of joining them.'),
})
export type QueryStateAndAuthChainRequest = z.infer<typeof QueryStateAndAuthChainRequest>

/** Answer of `queryStateAndAuthChain`. */
export const QueryStateAndAuthChainResponse = struct('api.QueryStateAndAuthChainResponse', {
  room_exists: bool(),
  room_version: version(),
  prev_events_exist: bool(),
  state_events: list(HeaderedEvent),
  auth_chain_events: list(HeaderedEvent),
  is_rejected: bool('One of the prev events was rejected; then there is no state.'),
})
export type QueryStateAndAuthChainResponse = z.infer<typeof QueryStateAndAuthChainResponse>

/** Body of a request of `queryCurrentState`. Gives entries of the current state of a room. */
export const QueryCurrentStateRequest = struct('api.QueryCurrentStateRequest', {
  RoomID: text(),
  AllowWildcards: bool('`*` in a tuple is any.'),
  StateTuples: list(StateKeyTuple),
})
export type QueryCurrentStateRequest = z.infer<typeof QueryCurrentStateRequest>

const StateEntry = z.object({ EventType: z.string(), StateKey: z.string(), event: HeaderedEvent.nullable() })

/** Entries of the current state; on the wire one object, `type U+001F state key` → event. */
export interface QueryCurrentStateResponse {
  readonly StateEvents: readonly {
    readonly EventType: string
    readonly StateKey: string
    readonly event: HeaderedEvent | null
  }[]
}
export const QueryCurrentStateResponse: z.ZodType<QueryCurrentStateResponse> = z
  .object({ StateEvents: z.array(StateEntry) })
  .describe('`<event type> U+001F <state key>` → event; entries that are not there are left out.')
annotate(QueryCurrentStateResponse, {
  kind: 'flat',
  go: 'api.QueryCurrentStateResponse',
  member: 'StateEvents',
  keys: ['EventType', 'StateKey'],
  valueName: 'event',
  value: orNull(HeaderedEvent),
})

/** Body of a request of `queryBulkStateContent`. Gives one string each of many state events in many rooms. */
export const QueryBulkStateContentRequest = struct('api.QueryBulkStateContentRequest', {
  RoomIDs: list(text()),
  AllowWildcards: bool('`*` as state key is any.'),
  StateTuples: list(StateKeyTuple),
})
export type QueryBulkStateContentRequest = z.infer<typeof QueryBulkStateContentRequest>

const ContentEntry = z.object({
  RoomID: z.string(),
  EventType: z.string(),
  StateKey: z.string(),
  value: z.string(),
})

/**
 * One string of each event's content; on the wire one object, `room U+001F type U+001F state key` → string.
 * The string is the one at `creator`, `alias`, `history_visibility`, `join_rule`, `membership`, `name`, `url` (of
 * m.room.avatar), `topic` or `guest_access`; `""` for other types and if it is not a string.
 */
export interface QueryBulkStateContentResponse {
  readonly Rooms: readonly z.infer<typeof ContentEntry>[]
}
export const QueryBulkStateContentResponse: z.ZodType<QueryBulkStateContentResponse> = z
  .object({ Rooms: z.array(ContentEntry) })
  .describe('`<room ID> U+001F <event type> U+001F <state key>` → one string of its content.')
annotate(QueryBulkStateContentResponse, {
  kind: 'flat',
  go: 'api.QueryBulkStateContentResponse',
  member: 'Rooms',
  keys: ['RoomID', 'EventType', 'StateKey'],
  valueName: 'value',
  value: text(),
})

/** Questions about the state of rooms. */
export const stateQueryEndpoints = {
  /** Gives what the next event of a room builds on: forward extremities, depth, current state. */
  queryLatestEventsAndState: repeatable({
    path: '/roomserver/queryLatestEventsAndState',
    request: QueryLatestEventsAndStateRequest,
    response: QueryLatestEventsAndStateResponse,
    summary: 'Gives what the next event of a room builds on: forward extremities, depth, current state.',
    maxBodyBytes: BodySize.list,
  }),
  /** Gives the state after a set of events. */
  queryStateAfterEvents: repeatable({
    path: '/roomserver/queryStateAfterEvents',
    request: QueryStateAfterEventsRequest,
    response: QueryStateAfterEventsResponse,
    summary: 'Gives the state after a set of events.',
    maxBodyBytes: BodySize.list,
  }),
  /** Gives the state after a set of events, and the auth chain that backs it. */
  queryStateAndAuthChain: repeatable({
    path: '/roomserver/queryStateAndAuthChain',
    request: QueryStateAndAuthChainRequest,
    response: QueryStateAndAuthChainResponse,
    summary: 'Gives the state after a set of events, and the auth chain that backs it.',
    maxBodyBytes: BodySize.list,
  }),
  /** Gives entries of the current state of a room. */
  queryCurrentState: repeatable({
    path: '/roomserver/queryCurrentState',
    request: QueryCurrentStateRequest,
    response: QueryCurrentStateResponse,
    summary: 'Gives entries of the current state of a room.',
    maxBodyBytes: BodySize.list,
  }),
  /** Gives one string each of many state events in many rooms. */
  queryBulkStateContent: repeatable({
    path: '/roomserver/queryBulkStateContent',
    request: QueryBulkStateContentRequest,
    response: QueryBulkStateContentResponse,
    summary: 'Gives one string each of many state events in many rooms.',
    maxBodyBytes: BodySize.list,
  }),
}
