import type { z } from 'zod'
import { repeatable } from '../endpoint.ts'
import { HeaderedEvent } from '../events.ts'
import { BodySize } from '../limits.ts'
import {
  bool,
  emptyList,
  int,
  list,
  listOrNull,
  map,
  serverName,
  struct,
  text,
  version,
} from '../wire/builders.ts'

/** Body of a request of `queryEventsById`. Gives events by their IDs. */
export const QueryEventsByIdRequest = struct('api.QueryEventsByIDRequest', { event_ids: list(text()) })
export type QueryEventsByIdRequest = z.infer<typeof QueryEventsByIdRequest>

/** Answer of `queryEventsById`. */
export const QueryEventsByIdResponse = struct('api.QueryEventsByIDResponse', {
  events: list(HeaderedEvent, 'Those that are known; in no particular order.'),
})
export type QueryEventsByIdResponse = z.infer<typeof QueryEventsByIdResponse>

/** Body of a request of `queryMissingEvents`. Gives the events between what a server has and what it has heard of. */
export const QueryMissingEventsRequest = struct('api.QueryMissingEventsRequest', {
  earliest_events: list(text(), 'What the asking server has.'),
  latest_events: list(text(), 'What it wants the past of.'),
  limit: int('How many events at the most.'),
  server_name: serverName('Who asks: only what that server may see.'),
})
export type QueryMissingEventsRequest = z.infer<typeof QueryMissingEventsRequest>

/** Answer of `queryMissingEvents`. */
export const QueryMissingEventsResponse = struct('api.QueryMissingEventsResponse', {
  events: listOrNull(HeaderedEvent, 'Oldest first. `null` when the latest events are not known here.'),
})
export type QueryMissingEventsResponse = z.infer<typeof QueryMissingEventsResponse>

/** Body of a request of `queryAuthChain`. Gives the whole auth chain of events. */
export const QueryAuthChainRequest = struct('api.QueryAuthChainRequest', { EventIDs: list(text()) })
export type QueryAuthChainRequest = z.infer<typeof QueryAuthChainRequest>

/** Answer of `queryAuthChain`. */
export const QueryAuthChainResponse = struct('api.QueryAuthChainResponse', {
  AuthChain: emptyList(HeaderedEvent, 'The events themselves and their auth chain, each once.'),
})
export type QueryAuthChainResponse = z.infer<typeof QueryAuthChainResponse>

/** Body of a request of `queryServerAllowedToSeeEvent`. Tells whether history visibility lets a server see an event. */
export const QueryServerAllowedToSeeEventRequest = struct('api.QueryServerAllowedToSeeEventRequest', {
  event_id: text(),
  server_name: serverName(),
})
export type QueryServerAllowedToSeeEventRequest = z.infer<typeof QueryServerAllowedToSeeEventRequest>

/** Answer of `queryServerAllowedToSeeEvent`. */
export const QueryServerAllowedToSeeEventResponse = struct('api.QueryServerAllowedToSeeEventResponse', {
  can_see_event: bool(),
})
export type QueryServerAllowedToSeeEventResponse = z.infer<typeof QueryServerAllowedToSeeEventResponse>

/** Body of a request of `queryRoomVersionForRoom`. Gives the version of a room. */
export const QueryRoomVersionForRoomRequest = struct('api.QueryRoomVersionForRoomRequest', {
  room_id: text(),
})
export type QueryRoomVersionForRoomRequest = z.infer<typeof QueryRoomVersionForRoomRequest>

/** Answer of `queryRoomVersionForRoom`. */
export const QueryRoomVersionForRoomResponse = struct('api.QueryRoomVersionForRoomResponse', {
  room_version: version(),
})
export type QueryRoomVersionForRoomResponse = z.infer<typeof QueryRoomVersionForRoomResponse>

/** Body of a request of `queryRoomVersionCapabilities`. Gives the room versions that are offered. */
export const QueryRoomVersionCapabilitiesRequest = struct('api.QueryRoomVersionCapabilitiesRequest', {})
export type QueryRoomVersionCapabilitiesRequest = z.infer<typeof QueryRoomVersionCapabilitiesRequest>

/** Answer of `queryRoomVersionCapabilities`. */
export const QueryRoomVersionCapabilitiesResponse = struct('api.QueryRoomVersionCapabilitiesResponse', {
  default: version('For new rooms.'),
  available: map(text(), 'gomatrixserverlib.RoomVersion', 'Version → `stable` or `unstable`.'),
})
export type QueryRoomVersionCapabilitiesResponse = z.infer<typeof QueryRoomVersionCapabilitiesResponse>

/** Body of a request of `queryForwardExtremities`. Gives the forward extremities of a room. */
export const QueryForwardExtremitiesRequest = struct('api.QueryForwardExtremitiesRequest', {
  room_id: text(),
  server_name: serverName('The server that asks; empty: one of our own components.'),
})
export type QueryForwardExtremitiesRequest = z.infer<typeof QueryForwardExtremitiesRequest>

/** Answer of `queryForwardExtremities`. */
export const QueryForwardExtremitiesResponse = struct('api.QueryForwardExtremitiesResponse', {
  room_exists: bool('False: answer 404, `M_NOT_FOUND`.'),
  is_allowed: bool(
    'False: the server is not in the room, or shut out by its ACL; answer 403, `M_FORBIDDEN`.',
  ),
  prev_events: list(
    text(),
    'What an event would have as prev events now: at least one, where it is allowed.',
  ),
})
export type QueryForwardExtremitiesResponse = z.infer<typeof QueryForwardExtremitiesResponse>

/** Body of a request of `queryInviteRoomState`. Gives the state that users who knock are shown. */
export const QueryInviteRoomStateRequest = struct('api.QueryInviteRoomStateRequest', { room_id: text() })
export type QueryInviteRoomStateRequest = z.infer<typeof QueryInviteRoomStateRequest>

/** Answer of `queryInviteRoomState`. */
export const QueryInviteRoomStateResponse = struct('api.QueryInviteRoomStateResponse', {
  room_exists: bool(),
  events: list(HeaderedEvent, 'State events in the federation format, `m.room.create` among them.'),
})
export type QueryInviteRoomStateResponse = z.infer<typeof QueryInviteRoomStateResponse>

/** Questions about events and room versions. */
export const eventQueryEndpoints = {
  /** Gives events by their IDs. */
  queryEventsById: repeatable({
    path: '/roomserver/queryEventsByID',
    request: QueryEventsByIdRequest,
    response: QueryEventsByIdResponse,
    summary: 'Gives events by their IDs.',
    maxBodyBytes: BodySize.list,
  }),
  /** Gives the events between what a server has and what it has heard of. */
  queryMissingEvents: repeatable({
    path: '/roomserver/queryMissingEvents',
    request: QueryMissingEventsRequest,
    response: QueryMissingEventsResponse,
    summary: 'Gives the events between what a server has and what it has heard of.',
    maxBodyBytes: BodySize.list,
  }),
  /** Gives the whole auth chain of events. */
  queryAuthChain: repeatable({
    path: '/roomserver/queryAuthChain',
    request: QueryAuthChainRequest,
    response: QueryAuthChainResponse,
    summary: 'Gives the whole auth chain of events.',
    maxBodyBytes: BodySize.list,
  }),
  /** Tells whether history visibility lets a server see an event. */
  queryServerAllowedToSeeEvent: repeatable({
    path: '/roomserver/queryServerAllowedToSeeEvent',
    request: QueryServerAllowedToSeeEventRequest,
    response: QueryServerAllowedToSeeEventResponse,
    summary: 'Tells whether history visibility lets a server see an event.',
  }),
  /** Gives the forward extremities of a room, as another server may ask for them (MSC4370). */
  queryForwardExtremities: repeatable({
    path: '/roomserver/queryForwardExtremities',
    request: QueryForwardExtremitiesRequest,
    response: QueryForwardExtremitiesResponse,
    summary: 'Gives the forward extremities of a room, as another server may ask for them (MSC4370).',
  }),
  /**
   * Gives the state that users who knock are shown: `knock_room_state`, as other servers take it (MSC4311).
   */
  queryInviteRoomState: repeatable({
    path: '/roomserver/queryInviteRoomState',
    request: QueryInviteRoomStateRequest,
    response: QueryInviteRoomStateResponse,
    summary:
      'Gives the state that users who knock are shown: `knock_room_state`, as other servers take it (MSC4311).',
  }),
  /** Gives the version of a room. */
  queryRoomVersionForRoom: repeatable({
    path: '/roomserver/queryRoomVersionForRoom',
    request: QueryRoomVersionForRoomRequest,
    response: QueryRoomVersionForRoomResponse,
    summary: 'Gives the version of a room.',
  }),
  /** Gives the room versions that are offered. */
  queryRoomVersionCapabilities: repeatable({
    path: '/roomserver/queryRoomVersionCapabilities',
    request: QueryRoomVersionCapabilitiesRequest,
    response: QueryRoomVersionCapabilitiesResponse,
    summary: 'Gives the room versions that are offered.',
  }),
}
