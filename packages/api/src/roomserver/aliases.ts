import type { z } from 'zod'
import { once, repeatable } from '../endpoint.ts'
import { PerformError } from '../perform-error.ts'
import { bool, list, orNull, struct, text } from '../wire/builders.ts'

/** Body of a request of `setRoomAlias`. Gives a room an alias. */
export const SetRoomAliasRequest = struct('api.SetRoomAliasRequest', {
  user_id: text('Who creates it.'),
  alias: text('Checked by the caller.'),
  room_id: text(),
})
export type SetRoomAliasRequest = z.infer<typeof SetRoomAliasRequest>

/** Answer of `setRoomAlias`. */
export const SetRoomAliasResponse = struct('api.SetRoomAliasResponse', {
  alias_exists: bool('The alias is taken; nothing was changed.'),
})
export type SetRoomAliasResponse = z.infer<typeof SetRoomAliasResponse>

/** Body of a request of `removeRoomAlias`. Takes an alias away, and out of the canonical alias event where it stands there. */
export const RemoveRoomAliasRequest = struct('api.RemoveRoomAliasRequest', {
  user_id: text('Who removes it: its creator, or one who may change the canonical alias.'),
  alias: text(),
})
export type RemoveRoomAliasRequest = z.infer<typeof RemoveRoomAliasRequest>

/** Answer of `removeRoomAlias`. */
export const RemoveRoomAliasResponse = struct('api.RemoveRoomAliasResponse', {
  found: bool('There was such an alias.'),
  removed: bool('It is gone.'),
})
export type RemoveRoomAliasResponse = z.infer<typeof RemoveRoomAliasResponse>

/** Body of a request of `getRoomIdForAlias`. Finds the room of an alias of this server. */
export const GetRoomIdForAliasRequest = struct('api.GetRoomIDForAliasRequest', {
  alias: text(),
  include_appservices: bool('Ask the application services as well when it is not known here.'),
})
export type GetRoomIdForAliasRequest = z.infer<typeof GetRoomIdForAliasRequest>

/** Answer of `getRoomIdForAlias`. */
export const GetRoomIdForAliasResponse = struct('api.GetRoomIDForAliasResponse', {
  room_id: text('Empty: no such alias.'),
})
export type GetRoomIdForAliasResponse = z.infer<typeof GetRoomIdForAliasResponse>

/** Body of a request of `getAliasesForRoomId`. Lists the aliases that this server has for a room. */
export const GetAliasesForRoomIdRequest = struct('api.GetAliasesForRoomIDRequest', { room_id: text() })
export type GetAliasesForRoomIdRequest = z.infer<typeof GetAliasesForRoomIdRequest>

/** Answer of `getAliasesForRoomId`. */
export const GetAliasesForRoomIdResponse = struct('api.GetAliasesForRoomIDResponse', {
  aliases: list(text()),
})
export type GetAliasesForRoomIdResponse = z.infer<typeof GetAliasesForRoomIdResponse>

/** Body of a request of `performPublish`. Lists a room in the directory, or takes it out. */
export const PerformPublishRequest = struct('api.PerformPublishRequest', {
  RoomID: text(),
  Visibility: text('`public` lists the room in the directory, anything else takes it out.'),
})
export type PerformPublishRequest = z.infer<typeof PerformPublishRequest>

/** Answer of `performPublish`. */
export const PerformPublishResponse = struct('api.PerformPublishResponse', { Error: orNull(PerformError) })
export type PerformPublishResponse = z.infer<typeof PerformPublishResponse>

/** Body of a request of `queryPublishedRooms`. Lists the rooms of the directory. */
export const QueryPublishedRoomsRequest = struct('api.QueryPublishedRoomsRequest', {
  RoomID: text('Only this one, if it is published; empty: all.'),
})
export type QueryPublishedRoomsRequest = z.infer<typeof QueryPublishedRoomsRequest>

/** Answer of `queryPublishedRooms`. */
export const QueryPublishedRoomsResponse = struct('api.QueryPublishedRoomsResponse', {
  RoomIDs: list(text()),
})
export type QueryPublishedRoomsResponse = z.infer<typeof QueryPublishedRoomsResponse>

/** Aliases and the room directory. */
export const aliasEndpoints = {
  /** Gives a room an alias. */
  setRoomAlias: once({
    path: '/roomserver/setRoomAlias',
    request: SetRoomAliasRequest,
    response: SetRoomAliasResponse,
    summary: 'Gives a room an alias.',
  }),
  /** Takes an alias away, and out of the canonical alias event where it stands there. */
  removeRoomAlias: once({
    path: '/roomserver/removeRoomAlias',
    request: RemoveRoomAliasRequest,
    response: RemoveRoomAliasResponse,
    summary: 'Takes an alias away, and out of the canonical alias event where it stands there.',
  }),
  /** Finds the room of an alias of this server. */
  getRoomIdForAlias: repeatable({
    path: '/roomserver/GetRoomIDForAlias',
    request: GetRoomIdForAliasRequest,
    response: GetRoomIdForAliasResponse,
    summary: 'Finds the room of an alias of this server.',
  }),
  /** Lists the aliases that this server has for a room. */
  getAliasesForRoomId: repeatable({
    path: '/roomserver/GetAliasesForRoomID',
    request: GetAliasesForRoomIdRequest,
    response: GetAliasesForRoomIdResponse,
    summary: 'Lists the aliases that this server has for a room.',
  }),
  /** Lists a room in the directory, or takes it out. */
  performPublish: repeatable({
    path: '/roomserver/performPublish',
    request: PerformPublishRequest,
    response: PerformPublishResponse,
    summary: 'Lists a room in the directory, or takes it out.',
  }),
  /** Lists the rooms of the directory. */
  queryPublishedRooms: repeatable({
    path: '/roomserver/queryPublishedRooms',
    request: QueryPublishedRoomsRequest,
    response: QueryPublishedRoomsResponse,
    summary: 'Lists the rooms of the directory.',
  }),
}
