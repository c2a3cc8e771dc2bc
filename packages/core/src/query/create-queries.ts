import type { RoomserverApi } from '@roomserver/api'
import { queryBulkStateContent } from './bulk-state-content.ts'
import type { QueryContext } from './context.ts'
import { queryCurrentState } from './current-state.ts'
import { getAliasesForRoomId, getRoomIdForAlias, queryPublishedRooms } from './directory.ts'
import { queryAuthChain, queryEventsById } from './events-by-id.ts'
import { queryForwardExtremities } from './forward-extremities.ts'
import { queryInviteRoomState } from './invite-room-state.ts'
import { queryLatestEventsAndState } from './latest-events-and-state.ts'
import { queryMembershipForUser, queryMembershipsForRoom } from './memberships.ts'
import { queryMissingEvents, queryServerAllowedToSeeEvent } from './missing-events.ts'
import { queryRestrictedJoinAllowed } from './restricted-join.ts'
import { queryRoomVersionCapabilities, queryRoomVersionForRoom } from './room-version.ts'
import { queryServerBannedFromRoom } from './server-banned.ts'
import { queryServerJoinedToRoom } from './servers.ts'
import { queryStateAfterEvents, queryStateAndAuthChain } from './state-after.ts'
import { LISTS } from './whole-state.ts'
import { LongStatements } from './long-statements.ts'
import { queryKnownUsers, queryRoomsForUser, querySharedUsers } from './users.ts'

/** The operations that only read. */
export type Queries = Pick<RoomserverApi, Extract<keyof RoomserverApi, `query${string}` | `get${string}`>>

/** Binds the questions to what they are answered from. */
export function createQueries(context: QueryContext): Queries {
  const longStatements = new LongStatements()
  return {
    getAliasesForRoomId: (request) => getAliasesForRoomId(context, request),
    getRoomIdForAlias: (request) => getRoomIdForAlias(context, request),
    queryAuthChain: (request) => queryAuthChain(context, request),
    queryBulkStateContent: (request) => queryBulkStateContent(context, request),
    queryCurrentState: (request) => queryCurrentState(context, request),
    queryEventsById: (request) => queryEventsById(context, request),
    queryForwardExtremities: (request) => queryForwardExtremities(context, request),
    queryInviteRoomState: (request) => queryInviteRoomState(context, request),
    queryKnownUsers: (request, call) =>
      longStatements.run(() => queryKnownUsers(context, request), call?.signal),
    queryLatestEventsAndState: (request) => queryLatestEventsAndState(context, request, LISTS),
    queryMembershipForUser: (request) => queryMembershipForUser(context, request),
    queryMembershipsForRoom: (request) => queryMembershipsForRoom(context, request, LISTS),
    queryMissingEvents: (request) => queryMissingEvents(context, request),
    queryPublishedRooms: (request) => queryPublishedRooms(context, request),
    queryRestrictedJoinAllowed: (request) => queryRestrictedJoinAllowed(context, request),
    queryRoomVersionCapabilities: async () => queryRoomVersionCapabilities(context),
    queryRoomVersionForRoom: (request) => queryRoomVersionForRoom(context, request),
    queryRoomsForUser: (request) => queryRoomsForUser(context, request),
    queryServerAllowedToSeeEvent: (request) => queryServerAllowedToSeeEvent(context, request),
    queryServerBannedFromRoom: (request) => queryServerBannedFromRoom(context, request),
    queryServerJoinedToRoom: (request) => queryServerJoinedToRoom(context, request),
    querySharedUsers: (request, call) =>
      longStatements.run(() => querySharedUsers(context, request), call?.signal),
    queryStateAfterEvents: (request) => queryStateAfterEvents(context, request, LISTS),
    queryStateAndAuthChain: (request) => queryStateAndAuthChain(context, request, LISTS),
  }
}
