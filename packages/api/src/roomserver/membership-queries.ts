import type { z } from 'zod'
import { repeatable } from '../endpoint.ts'
import { ClientEvent } from '../events.ts'
import { BodySize } from '../limits.ts'
import { bool, int, list, map, omitZero, serverName, struct, text } from '../wire/builders.ts'

/** Body of a request of `queryMembershipForUser`. Gives the membership of a user in a room. */
export const QueryMembershipForUserRequest = struct('api.QueryMembershipForUserRequest', {
  room_id: text(),
  user_id: text(),
})
export type QueryMembershipForUserRequest = z.infer<typeof QueryMembershipForUserRequest>

/** Answer of `queryMembershipForUser`. */
export const QueryMembershipForUserResponse = struct('api.QueryMembershipForUserResponse', {
  event_id: text('The latest membership event; empty: none.'),
  has_been_in_room: bool(),
  is_in_room: bool(),
  membership: text(),
  is_room_forgotten: bool(),
  room_exists: bool(),
})
export type QueryMembershipForUserResponse = z.infer<typeof QueryMembershipForUserResponse>

/** Body of a request of `queryMembershipsForRoom`. Lists the members of a room. */
export const QueryMembershipsForRoomRequest = struct('api.QueryMembershipsForRoomRequest', {
  joined_only: bool(),
  local_only: bool('Users of this server only.'),
  room_id: text(),
  sender: text('As this user may see it; empty: as it is.'),
})
export type QueryMembershipsForRoomRequest = z.infer<typeof QueryMembershipsForRoomRequest>

/** Answer of `queryMembershipsForRoom`. */
export const QueryMembershipsForRoomResponse = struct('api.QueryMembershipsForRoomResponse', {
  join_events: list(ClientEvent, 'Membership events, of other memberships as well unless `joined_only`.'),
  has_been_in_room: bool('Of `sender`.'),
  is_room_forgotten: bool('By `sender`.'),
})
export type QueryMembershipsForRoomResponse = z.infer<typeof QueryMembershipsForRoomResponse>

/** Body of a request of `queryServerJoinedToRoom`. Tells whether a server has a user in a room. */
export const QueryServerJoinedToRoomRequest = struct('api.QueryServerJoinedToRoomRequest', {
  server_name: serverName('Empty: this one.'),
  room_id: text(),
})
export type QueryServerJoinedToRoomRequest = z.infer<typeof QueryServerJoinedToRoomRequest>

/** Answer of `queryServerJoinedToRoom`. */
export const QueryServerJoinedToRoomResponse = struct('api.QueryServerJoinedToRoomResponse', {
  room_exists: bool(),
  is_in_room: bool(),
})
export type QueryServerJoinedToRoomResponse = z.infer<typeof QueryServerJoinedToRoomResponse>

/** Body of a request of `queryServerBannedFromRoom`. Tells whether the server ACL of a room keeps a server out. */
export const QueryServerBannedFromRoomRequest = struct('api.QueryServerBannedFromRoomRequest', {
  server_name: serverName(),
  room_id: text(),
})
export type QueryServerBannedFromRoomRequest = z.infer<typeof QueryServerBannedFromRoomRequest>

/** Answer of `queryServerBannedFromRoom`. */
export const QueryServerBannedFromRoomResponse = struct('api.QueryServerBannedFromRoomResponse', {
  banned: bool(),
})
export type QueryServerBannedFromRoomResponse = z.infer<typeof QueryServerBannedFromRoomResponse>

/** Body of a request of `queryRestrictedJoinAllowed`. Tells whether a restricted room lets a user join, and who vouches for that. */
export const QueryRestrictedJoinAllowedRequest = struct('api.QueryRestrictedJoinAllowedRequest', {
  user_id: text(),
  room_id: text(),
})
export type QueryRestrictedJoinAllowedRequest = z.infer<typeof QueryRestrictedJoinAllowedRequest>

/** Answer of `queryRestrictedJoinAllowed`. */
export const QueryRestrictedJoinAllowedResponse = struct('api.QueryRestrictedJoinAllowedResponse', {
  restricted: bool('The join rule is one that lets in by membership of other rooms.'),
  resident: bool('This server is in all of those rooms, so that its answer is complete.'),
  allowed: bool(),
  authorised_via: omitZero(text('A user of this server who may invite.')),
})
export type QueryRestrictedJoinAllowedResponse = z.infer<typeof QueryRestrictedJoinAllowedResponse>

/** Body of a request of `queryRoomsForUser`. Lists the rooms of a user. */
export const QueryRoomsForUserRequest = struct('api.QueryRoomsForUserRequest', {
  UserID: text(),
  WantMembership: text('`join`, `invite`, `leave` …'),
})
export type QueryRoomsForUserRequest = z.infer<typeof QueryRoomsForUserRequest>

/** Answer of `queryRoomsForUser`. */
export const QueryRoomsForUserResponse = struct('api.QueryRoomsForUserResponse', { RoomIDs: list(text()) })
export type QueryRoomsForUserResponse = z.infer<typeof QueryRoomsForUserResponse>

/** Body of a request of `querySharedUsers`. Counts the rooms that others share with a user. */
export const QuerySharedUsersRequest = struct('api.QuerySharedUsersRequest', {
  UserID: text(),
  OtherUserIDs: list(text(), 'Only these; none: all.'),
  ExcludeRoomIDs: list(text()),
  IncludeRoomIDs: list(text(), 'Rooms to count beside those the user is joined to.'),
})
export type QuerySharedUsersRequest = z.infer<typeof QuerySharedUsersRequest>

/** Answer of `querySharedUsers`. */
export const QuerySharedUsersResponse = struct('api.QuerySharedUsersResponse', {
  UserIDsToCount: map(int(), 'string', 'User → how many rooms they share.'),
})
export type QuerySharedUsersResponse = z.infer<typeof QuerySharedUsersResponse>

/** Body of a request of `queryKnownUsers`. Searches the users who share a room with a user. */
export const QueryKnownUsersRequest = struct('api.QueryKnownUsersRequest', {
  user_id: text('Who asks: users who share a room with them.'),
  search_string: text(),
  limit: int(),
})
export type QueryKnownUsersRequest = z.infer<typeof QueryKnownUsersRequest>

/** A user as shown to others. */
export const UserProfile = struct('authtypes.FullyQualifiedProfile', {
  user_id: text(),
  display_name: text(),
  avatar_url: text(),
})
export type UserProfile = z.infer<typeof UserProfile>

/** Answer of `queryKnownUsers`. */
export const QueryKnownUsersResponse = struct('api.QueryKnownUsersResponse', { profiles: list(UserProfile) })
export type QueryKnownUsersResponse = z.infer<typeof QueryKnownUsersResponse>

/** Questions about who is where. */
export const membershipQueryEndpoints = {
  /** Gives the membership of a user in a room. */
  queryMembershipForUser: repeatable({
    path: '/roomserver/queryMembershipForUser',
    request: QueryMembershipForUserRequest,
    response: QueryMembershipForUserResponse,
    summary: 'Gives the membership of a user in a room.',
  }),
  /** Lists the members of a room. */
  queryMembershipsForRoom: repeatable({
    path: '/roomserver/queryMembershipsForRoom',
    request: QueryMembershipsForRoomRequest,
    response: QueryMembershipsForRoomResponse,
    summary: 'Lists the members of a room.',
  }),
  /** Tells whether a server has a user in a room. */
  queryServerJoinedToRoom: repeatable({
    path: '/roomserver/queryServerJoinedToRoomPath',
    request: QueryServerJoinedToRoomRequest,
    response: QueryServerJoinedToRoomResponse,
    summary: 'Tells whether a server has a user in a room.',
  }),
  /** Tells whether the server ACL of a room keeps a server out. */
  queryServerBannedFromRoom: repeatable({
    path: '/roomserver/queryServerBannedFromRoom',
    request: QueryServerBannedFromRoomRequest,
    response: QueryServerBannedFromRoomResponse,
    summary: 'Tells whether the server ACL of a room keeps a server out.',
  }),
  /** Tells whether a restricted room lets a user join, and who vouches for that. */
  queryRestrictedJoinAllowed: repeatable({
    path: '/roomserver/queryRestrictedJoinAllowed',
    request: QueryRestrictedJoinAllowedRequest,
    response: QueryRestrictedJoinAllowedResponse,
    summary: 'Tells whether a restricted room lets a user join, and who vouches for that.',
  }),
  /** Lists the rooms of a user. */
  queryRoomsForUser: repeatable({
    path: '/roomserver/queryRoomsForUser',
    request: QueryRoomsForUserRequest,
    response: QueryRoomsForUserResponse,
    summary: 'Lists the rooms of a user.',
  }),
  /** Counts the rooms that others share with a user. */
  querySharedUsers: repeatable({
    path: '/roomserver/querySharedUsers',
    request: QuerySharedUsersRequest,
    response: QuerySharedUsersResponse,
    summary: 'Counts the rooms that others share with a user.',
    maxBodyBytes: BodySize.list,
  }),
  /** Searches the users who share a room with a user. */
  queryKnownUsers: repeatable({
    path: '/roomserver/queryKnownUsers',
    request: QueryKnownUsersRequest,
    response: QueryKnownUsersResponse,
    summary: 'Searches the users who share a room with a user.',
  }),
}
