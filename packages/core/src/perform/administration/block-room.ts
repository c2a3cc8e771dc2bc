import type {
  BlockedRoomsRequest,
  BlockedRoomsResponse,
  BlockRoomRequest,
  BlockRoomResponse,
  UnblockRoomRequest,
  UnblockRoomResponse,
} from '@roomserver/api'
import { invalidArgument } from '../../query/failures.ts'
import type { PerformContext } from '../context.ts'
import { faultOfId } from '../identifiers.ts'
import { pageSize } from './page-size.ts'

/** Room IDs have at most 255 bytes; a reason is a sentence. */
const MAX_REASON = 1_000

/** The rooms that operators blocked, a page at a time. */
export async function blockedRooms(
  { store }: PerformContext,
  { cursor, limit }: BlockedRoomsRequest,
): Promise<BlockedRoomsResponse> {
  const wanted = pageSize(limit)
  const page = await store.blockedRooms(cursor, wanted)
  return {
    rooms: page.map(({ roomId, by, reason, sinceTs }) => ({
      room_id: roomId,
      requester: by,
      reason,
      since_ts: sinceTs,
    })),
    next: page.length < wanted ? '' : (page.at(-1)?.roomId ?? ''),
  }
}

/** Blocks a room. Its users stay in it until they leave or are taken out. */
export async function blockRoom(
  context: PerformContext,
  { room_id: roomId, reason, requester, dry_run: isDryRun }: BlockRoomRequest,
): Promise<BlockRoomResponse> {
  checkRoomId(roomId)
  if (reason.length > MAX_REASON) {
    const expected = `at most ${MAX_REASON} characters`
    throw invalidArgument('reason', expected, `reason: expected ${expected}`)
  }
  const { store, clock, input } = context
  const known = await input.blockedRooms.of(roomId)
  const room = await store.room(roomId)
  const members =
    room === undefined ? [] : await store.membershipsOfRoom(room.nid, { membership: 'join', localOnly: true })
  if (!isDryRun) await input.blockedRooms.block({ roomId, by: requester, reason, sinceTs: clock.now() })
  return { was_blocked: known !== undefined, joined_local_members: members.length }
}

/** Takes a block back. */
export async function unblockRoom(
  { input }: PerformContext,
  { room_id: roomId, dry_run: isDryRun }: UnblockRoomRequest,
): Promise<UnblockRoomResponse> {
  checkRoomId(roomId)
  const known = await input.blockedRooms.of(roomId)
  if (known !== undefined && !isDryRun) await input.blockedRooms.unblock(roomId)
  return { was_blocked: known !== undefined }
}

function checkRoomId(roomId: string): void {
  const isHash = /^![A-Za-z0-9_-]{43}$/.test(roomId)
  if (isHash || faultOfId('!', roomId) === undefined) return
  const expected = 'a room ID, such as !tea:example.org'
  throw invalidArgument('room_id', expected, `room_id: expected ${expected}`)
}
