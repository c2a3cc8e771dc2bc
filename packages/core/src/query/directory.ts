import type {
  GetAliasesForRoomIdRequest,
  GetAliasesForRoomIdResponse,
  GetRoomIdForAliasRequest,
  GetRoomIdForAliasResponse,
  QueryPublishedRoomsRequest,
  QueryPublishedRoomsResponse,
} from '@roomserver/api'
import type { QueryContext } from './context.ts'

/** The aliases of a room. */
export async function getAliasesForRoomId(
  { store }: QueryContext,
  { room_id: roomId }: GetAliasesForRoomIdRequest,
): Promise<GetAliasesForRoomIdResponse> {
  return { aliases: await store.aliasesOfRoom(roomId) }
}

/**
 * The room that an alias stands for; `''` where there is none. An application service may make a room when it is asked
 * for its alias, so with `include_appservices` we look again after asking.
 */
export async function getRoomIdForAlias(
  { store, appservice }: QueryContext,
  { alias, include_appservices: includeAppservices }: GetRoomIdForAliasRequest,
): Promise<GetRoomIdForAliasResponse> {
  const known = await store.roomOfAlias(alias)
  if (known !== undefined || !includeAppservices || appservice === undefined) {
    return { room_id: known?.roomId ?? '' }
  }
  const { exists } = await appservice.roomAliasExists({ alias })
  const made = exists ? await store.roomOfAlias(alias) : undefined
  return { room_id: made?.roomId ?? '' }
}

/** Rooms in the public directory: all of them, or one if it is there. */
export async function queryPublishedRooms(
  { store }: QueryContext,
  { RoomID: roomId }: QueryPublishedRoomsRequest,
): Promise<QueryPublishedRoomsResponse> {
  if (roomId === '') return { RoomIDs: await store.publishedRooms() }
  return { RoomIDs: (await store.isPublished(roomId)) ? [roomId] : [] }
}
