import type { RoomserverApi } from '@roomserver/api'
import { queryBulkStateContent } from './bulk-state-content.ts'
import { asMethod, type QueryContext } from './context.ts'
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
    getAliasesForRoomId: asMethod(context, getAliasesForRoomId),
    getRoomIdForAlias: asMethod(context, getRoomIdForAlias),
    queryAuthChain: asMethod(context, queryAuthChain),
    queryBulkStateContent: asMethod(context, queryBulkStateContent),
    queryCurrentState: asMethod(context, queryCurrentState),
    queryEventsById: asMethod(context, queryEventsById),
    queryForwardExtremities: asMethod(context, queryForwardExtremities),
    queryInviteRoomState: asMethod(context, queryInviteRoomState),
    queryKnownUsers: (request, call) =>
      longStatements.run(() => queryKnownUsers(context, request), call?.signal),
    queryLatestEventsAndState: asMethod(context, (of, request) =>
      queryLatestEventsAndState(of, request, LISTS),
    ),
    queryMembershipForUser: asMethod(context, queryMembershipForUser),
    queryMembershipsForRoom: asMethod(context, (of, request) => queryMembershipsForRoom(of, request, LISTS)),
    queryMissingEvents: asMethod(context, queryMissingEvents),
    queryPublishedRooms: asMethod(context, queryPublishedRooms),
    queryRestrictedJoinAllowed: asMethod(context, queryRestrictedJoinAllowed),
    queryRoomVersionCapabilities: async () => queryRoomVersionCapabilities(context),
    queryRoomVersionForRoom: asMethod(context, queryRoomVersionForRoom),
    queryRoomsForUser: asMethod(context, queryRoomsForUser),
    queryServerAllowedToSeeEvent: asMethod(context, queryServerAllowedToSeeEvent),
    queryServerBannedFromRoom: asMethod(context, queryServerBannedFromRoom),
    queryServerJoinedToRoom: asMethod(context, queryServerJoinedToRoom),
    querySharedUsers: (request, call) =>
      longStatements.run(() => querySharedUsers(context, request), call?.signal),
    queryStateAfterEvents: asMethod(context, (of, request) => queryStateAfterEvents(of, request, LISTS)),
    queryStateAndAuthChain: asMethod(context, (of, request) => queryStateAndAuthChain(of, request, LISTS)),
  }
}
