import type { z } from 'zod'
import { once, repeatable } from '../endpoint.ts'
import { HeaderedEvent, StrippedState } from '../events.ts'
import {
  bool,
  int,
  jsonObject,
  jsonValue,
  list,
  omitZero,
  orNull,
  serverName,
  struct,
  text,
  version,
} from '../wire/builders.ts'

/** Body of a request of `performDirectoryLookup`. Asks another server for the room of an alias. */
export const PerformDirectoryLookupRequest = struct('api.PerformDirectoryLookupRequest', {
  room_alias: text(),
  server_name: serverName('The server of the alias.'),
})
export type PerformDirectoryLookupRequest = z.infer<typeof PerformDirectoryLookupRequest>

/** Answer of `performDirectoryLookup`. */
export const PerformDirectoryLookupResponse = struct('api.PerformDirectoryLookupResponse', {
  room_id: text(),
  server_names: list(serverName(), 'Servers that are in the room.'),
})
export type PerformDirectoryLookupResponse = z.infer<typeof PerformDirectoryLookupResponse>

/** How another homeserver refused. */
export const RemoteHttpError = struct('gomatrix.HTTPError', {
  Contents: orNull(text('Body, in base64.')),
  WrappedError: orNull(jsonValue()),
  Message: text(),
  Code: int('HTTP status; 0 when there was no answer.'),
})
export type RemoteHttpError = z.infer<typeof RemoteHttpError>

/** Body of a request of `performJoinRequest`. Joins a room through another server; the events come back through the input. */
export const PerformJoinRequestRequest = struct('api.PerformJoinRequest', {
  room_id: text(),
  user_id: text(),
  server_names: list(serverName(), 'Servers to try, in this order.'),
  content: jsonObject('Content of the membership event.'),
})
export type PerformJoinRequestRequest = z.infer<typeof PerformJoinRequestRequest>

/** Answer of `performJoinRequest`. */
export const PerformJoinRequestResponse = struct('api.PerformJoinResponse', {
  JoinedVia: serverName(),
  LastError: orNull(RemoteHttpError, 'Set when no server let the user in.'),
})
export type PerformJoinRequestResponse = z.infer<typeof PerformJoinRequestResponse>

/** Body of a request of `performLeaveRequest`. Leaves a room, or rejects an invite, through another server. */
export const PerformLeaveRequestRequest = struct('api.PerformLeaveRequest', {
  room_id: text(),
  user_id: text(),
  server_names: list(serverName()),
})
export type PerformLeaveRequestRequest = z.infer<typeof PerformLeaveRequestRequest>

/** Answer of `performLeaveRequest`. */
export const PerformLeaveRequestResponse = struct('api.PerformLeaveResponse', {})
export type PerformLeaveRequestResponse = z.infer<typeof PerformLeaveRequestResponse>

/** Body of a request of `performInviteRequest`. Has an invite signed by the server of the invited user. */
export const PerformInviteRequestRequest = struct('api.PerformInviteRequest', {
  room_version: version(),
  event: orNull(HeaderedEvent),
  invite_room_state: list(StrippedState),
  invite_room_state_pdus: omitZero(
    list(
      HeaderedEvent,
      'The same as whole events of the room, `m.room.create` among them, to be sent in its place.',
    ),
  ),
})
export type PerformInviteRequestRequest = z.infer<typeof PerformInviteRequestRequest>

/** Answer of `performInviteRequest`. */
export const PerformInviteRequestResponse = struct('api.PerformInviteResponse', {
  event: orNull(HeaderedEvent, 'The invite with the signature of the invited server.'),
})
export type PerformInviteRequestResponse = z.infer<typeof PerformInviteRequestResponse>

/** Body of a request of `performOutboundPeekRequest`. Peeks into a room through another server. */
export const PerformOutboundPeekRequest = struct('api.PerformOutboundPeekRequest', {
  room_id: text(),
  server_names: list(serverName()),
})
export type PerformOutboundPeekRequest = z.infer<typeof PerformOutboundPeekRequest>

/** Answer of `performOutboundPeekRequest`. */
export const PerformOutboundPeekResponse = struct('api.PerformOutboundPeekResponse', {
  LastError: orNull(RemoteHttpError),
})
export type PerformOutboundPeekResponse = z.infer<typeof PerformOutboundPeekResponse>

/** Body of a request of `queryJoinedHostServerNamesInRoom`. Lists the servers of a room. */
export const QueryJoinedHostServerNamesInRoomRequest = struct('api.QueryJoinedHostServerNamesInRoomRequest', {
  room_id: text(),
  exclude_self: bool(),
})
export type QueryJoinedHostServerNamesInRoomRequest = z.infer<typeof QueryJoinedHostServerNamesInRoomRequest>

/** Answer of `queryJoinedHostServerNamesInRoom`. */
export const QueryJoinedHostServerNamesInRoomResponse = struct(
  'api.QueryJoinedHostServerNamesInRoomResponse',
  {
    server_names: list(serverName()),
  },
)
export type QueryJoinedHostServerNamesInRoomResponse = z.infer<
  typeof QueryJoinedHostServerNamesInRoomResponse
>

/** Joining, leaving, inviting and peeking over federation. */
export const federationPerformEndpoints = {
  /** Asks another server for the room of an alias. */
  performDirectoryLookup: repeatable({
    path: '/federationapi/performDirectoryLookup',
    request: PerformDirectoryLookupRequest,
    response: PerformDirectoryLookupResponse,
    summary: 'Asks another server for the room of an alias.',
    timeoutMs: 60_000,
  }),
  /** Joins a room through another server; the events come back through the input. */
  performJoinRequest: once({
    path: '/federationapi/performJoinRequest',
    request: PerformJoinRequestRequest,
    response: PerformJoinRequestResponse,
    summary: 'Joins a room through another server; the events come back through the input.',
    timeoutMs: 600_000,
  }),
  /** Leaves a room, or rejects an invite, through another server. */
  performLeaveRequest: once({
    path: '/federationapi/performLeaveRequest',
    request: PerformLeaveRequestRequest,
    response: PerformLeaveRequestResponse,
    summary: 'Leaves a room, or rejects an invite, through another server.',
    timeoutMs: 120_000,
  }),
  /** Has an invite signed by the server of the invited user. */
  performInviteRequest: once({
    path: '/federationapi/performInviteRequest',
    request: PerformInviteRequestRequest,
    response: PerformInviteRequestResponse,
    summary: 'Has an invite signed by the server of the invited user.',
    timeoutMs: 120_000,
  }),
  /** Peeks into a room through another server. */
  performOutboundPeekRequest: once({
    path: '/federationapi/performOutboundPeekRequest',
    request: PerformOutboundPeekRequest,
    response: PerformOutboundPeekResponse,
    summary: 'Peeks into a room through another server.',
    timeoutMs: 120_000,
  }),
  /** Lists the servers of a room. */
  queryJoinedHostServerNamesInRoom: repeatable({
    path: '/federationapi/queryJoinedHostServerNamesInRoom',
    request: QueryJoinedHostServerNamesInRoomRequest,
    response: QueryJoinedHostServerNamesInRoomResponse,
    summary: 'Lists the servers of a room.',
  }),
}
