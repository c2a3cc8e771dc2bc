import type {
  HeaderedEvent,
  QueryInviteRoomStateRequest,
  QueryInviteRoomStateResponse,
} from '@roomserver/api'
import { NO_NID, type RoomRecord } from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import { stateForTuples } from '../view/state-at.ts'
import { readRoom, type QueryContext, roomWithState } from './context.ts'
import { headeredEvents, rulesOf } from '../output/headered.ts'

/** What somebody outside is shown of a room. @see https://spec.matrix.org/v1.19/client-server-api/#stripped-state */
const SHOWN = [
  'm.room.create',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.encryption',
].map((type) => ({ type, stateKey: '' }))

/** The state that users who knock are shown, as whole events: `knock_room_state`, the create event in it. */
export async function queryInviteRoomState(
  context: QueryContext,
  { room_id: roomId }: QueryInviteRoomStateRequest,
): Promise<QueryInviteRoomStateResponse> {
  const room = await roomWithState(context, roomId)
  if (room === undefined) return { room_exists: false, events: [] }
  return { room_exists: true, events: await inviteStatePdus(context, room) }
}

/** The same for a room that is known. */
export function inviteStatePdus(
  context: Pick<QueryContext, 'cache'>,
  room: RoomRecord,
): Promise<readonly HeaderedEvent[]> {
  return readRoom(context, function* (view) {
    const nids = (yield* stateForTuples(view, room.current, SHOWN)).filter((nid) => nid !== NO_NID)
    return headeredEvents(yield* eventsOf(view, nids), rulesOf(room))
  })
}
