import type {
  QueryRoomVersionCapabilitiesResponse,
  QueryRoomVersionForRoomRequest,
  QueryRoomVersionForRoomResponse,
} from '@roomserver/api'
import { ROOM_VERSIONS, type RoomVersionRules } from '@roomserver/version'
import type { Compatibility, QueryContext } from './context.ts'
import { roomNotFound } from './failures.ts'

const OFFERED_IN_2022: ReadonlySet<string> = new Set([
  ...Array.from({ length: 10 }, (_, index) => String(index + 1)),
  'org.matrix.msc3667',
  'org.matrix.msc3787',
])

/** The room versions to announce. Others work all the same for callers who ask. */
const ANNOUNCED: Readonly<
  Record<Compatibility, { readonly default: string; readonly offered: (rules: RoomVersionRules) => boolean }>
> = {
  'dendrite-2022': { default: '6', offered: ({ version }) => OFFERED_IN_2022.has(version) },
  current: { default: '12', offered: ({ stability }) => stability === 'stable' },
}

/** Which room versions are announced, and which one new rooms get by default. */
export function queryRoomVersionCapabilities({
  compatibility,
  roomVersions = [],
}: Pick<QueryContext, 'compatibility' | 'roomVersions'>): QueryRoomVersionCapabilitiesResponse {
  const announced = ANNOUNCED[compatibility]
  const offered = [...[...ROOM_VERSIONS.values()].filter(announced.offered), ...roomVersions]
  return {
    default: announced.default,
    available: new Map(offered.map(({ version, stability }) => [version, stability])),
  }
}

/**
 * The version of a room.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND
 */
export async function queryRoomVersionForRoom(
  { store }: Pick<QueryContext, 'store'>,
  { room_id: roomId }: QueryRoomVersionForRoomRequest,
): Promise<QueryRoomVersionForRoomResponse> {
  const room = await store.room(roomId)
  if (room !== undefined) return { room_version: room.version }
  throw roomNotFound(roomId, `QueryRoomVersionForRoom: missing room info for room ${roomId}`)
}
