import type { z } from 'zod'
import { once, repeatable } from '../endpoint.ts'
import { HeaderedEvent, StrippedState } from '../events.ts'
import { TransactionId } from '../input.ts'
import { BodySize } from '../limits.ts'
import { badRequestError, PerformError } from '../perform-error.ts'
import {
  eventObject,
  int,
  jsonValue,
  list,
  omitZero,
  orNull,
  serverName,
  struct,
  text,
  version,
} from '../wire/builders.ts'

/** Body of a request of `performInvite`. Takes an invite in: one of ours to send on, or one for a user of ours. */
export const PerformInviteRequest = struct('api.PerformInviteRequest', {
  room_version: version(),
  event: orNull(HeaderedEvent),
  invite_room_state: list(StrippedState, 'What the invited user is shown; empty: taken from the room.'),
  invite_room_state_pdus: omitZero(
    list(
      HeaderedEvent,
      'The same as the inviting server sent it, where that is events of the room; empty: it is not.',
    ),
  ),
  send_as_server: text('In whose name to send it to other servers; empty: not at all.'),
  transaction_id: orNull(TransactionId),
})
export type PerformInviteRequest = z.infer<typeof PerformInviteRequest>

/** Answer of `performInvite`. */
export const PerformInviteResponse = struct('api.PerformInviteResponse', { Error: orNull(PerformError) })
export type PerformInviteResponse = z.infer<typeof PerformInviteResponse>

/** Body of a request of `performJoin`. Joins a user of this server to a room, through another server when necessary. */
export const PerformJoinRequest = struct('api.PerformJoinRequest', {
  room_id_or_alias: text(),
  user_id: text('A user of this server.'),
  content: eventObject('Content of the membership event, such as the display name.'),
  server_names: list(serverName(), 'Servers that may know the room.'),
})
export type PerformJoinRequest = z.infer<typeof PerformJoinRequest>

/** Answer of `performJoin`. */
export const PerformJoinResponse = struct('api.PerformJoinResponse', {
  room_id: text(),
  JoinedVia: serverName('The server that let the user in; our own when no other was needed.'),
  Error: orNull(PerformError),
})
export type PerformJoinResponse = z.infer<typeof PerformJoinResponse>

/** Body of a request of `performLeave`. Takes a user of this server out of a room, or rejects an invite. */
export const PerformLeaveRequest = struct('api.PerformLeaveRequest', { room_id: text(), user_id: text() })
export type PerformLeaveRequest = z.infer<typeof PerformLeaveRequest>

/** Answer of `performLeave`. */
export const PerformLeaveResponse = struct('api.PerformLeaveResponse', {
  code: omitZero(int('HTTP status to answer the client with; 0: all went well.')),
  message: omitZero(orNull(jsonValue('Body to answer the client with.'))),
})
export type PerformLeaveResponse = z.infer<typeof PerformLeaveResponse>

/** Body of a request of `performForget`. Forgets a room that the user has left. */
export const PerformForgetRequest = struct('api.PerformForgetRequest', { room_id: text(), user_id: text() })
export type PerformForgetRequest = z.infer<typeof PerformForgetRequest>

/** Answer of `performForget`. */
export const PerformForgetResponse = struct('api.PerformForgetResponse', {})
export type PerformForgetResponse = z.infer<typeof PerformForgetResponse>

/** Operations by which users come and go. */
export const membershipChangeEndpoints = {
  /** Takes an invite in: one of ours to send on, or one for a user of ours. */
  performInvite: once({
    path: '/roomserver/performInvite',
    request: PerformInviteRequest,
    response: PerformInviteResponse,
    summary: 'Takes an invite in: one of ours to send on, or one for a user of ours.',
    maxBodyBytes: BodySize.invite,
    refuse: (message) => ({ Error: badRequestError(message) }),
    timeoutMs: 120_000,
  }),
  /** Joins a user of this server to a room, through another server when necessary. */
  performJoin: once({
    path: '/roomserver/performJoin',
    request: PerformJoinRequest,
    response: PerformJoinResponse,
    summary: 'Joins a user of this server to a room, through another server when necessary.',
    maxBodyBytes: BodySize.content,
    refuse: (message) => ({ room_id: '', JoinedVia: '', Error: badRequestError(message) }),
    timeoutMs: 600_000,
  }),
  /** Takes a user of this server out of a room, or rejects an invite. */
  performLeave: once({
    path: '/roomserver/performLeave',
    request: PerformLeaveRequest,
    response: PerformLeaveResponse,
    summary: 'Takes a user of this server out of a room, or rejects an invite.',
    timeoutMs: 120_000,
  }),
  /** Forgets a room that the user has left. */
  performForget: repeatable({
    path: '/roomserver/performForget',
    request: PerformForgetRequest,
    response: PerformForgetResponse,
    summary: 'Forgets a room that the user has left.',
  }),
}
