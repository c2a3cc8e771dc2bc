import type {
  QueryKnownUsersRequest,
  QueryKnownUsersResponse,
  QueryRoomsForUserRequest,
  QueryRoomsForUserResponse,
  QuerySharedUsersRequest,
  QuerySharedUsersResponse,
} from '@roomserver/api'
import type { Membership } from '@roomserver/types'
import type { QueryContext } from './context.ts'
import { invalidArgument } from './failures.ts'

/** Leaving and being banned are one thing here: callers who ask for either get both. */
const GONE: readonly Membership[] = ['leave', 'ban']
const WANTED: ReadonlyMap<string, readonly Membership[]> = new Map<string, readonly Membership[]>([
  ['join', ['join']],
  ['invite', ['invite']],
  ['knock', ['knock']],
  ['leave', GONE],
  ['ban', GONE],
])

/**
 * The rooms in which a user has a membership; rooms that they forgot are left out.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT for a membership that does not exist
 */
export async function queryRoomsForUser(
  { store }: QueryContext,
  { UserID: userId, WantMembership: membership }: QueryRoomsForUserRequest,
): Promise<QueryRoomsForUserResponse> {
  const wanted = WANTED.get(membership)
  if (wanted === undefined) {
    const message = `GetRoomsByMembership: invalid membership ${membership}`
    throw invalidArgument('WantMembership', 'join, invite, knock, leave or ban', message)
  }
  const rooms = await store.roomsOfUser(userId)
  const ids = rooms
    .filter((room) => !room.forgotten && wanted.includes(room.membership))
    .map(({ roomId }) => roomId)
  return { RoomIDs: ids }
}

/** Users whose ID holds a text and who share a room with the one who asks. Profiles are not ours: they stay empty. */
export async function queryKnownUsers(
  { store }: QueryContext,
  { user_id: userId, search_string: search, limit }: QueryKnownUsersRequest,
): Promise<QueryKnownUsersResponse> {
  const users = limit <= 0 ? [] : await store.knownUsers(userId, search, limit)
  return { profiles: users.map((user) => ({ user_id: user.userId, display_name: '', avatar_url: '' })) }
}

/** In how many of a user's rooms each other user is joined as well; the user is counted too. */
export async function querySharedUsers(
  { store }: QueryContext,
  request: QuerySharedUsersRequest,
): Promise<QuerySharedUsersResponse> {
  const { OtherUserIDs: others, IncludeRoomIDs: includeRooms, ExcludeRoomIDs: excludeRooms } = request
  const counts = await store.sharedUsers(request.UserID, {
    ...(others.length === 0 ? {} : { others }),
    includeRooms,
    excludeRooms,
  })
  return { UserIDsToCount: counts }
}
