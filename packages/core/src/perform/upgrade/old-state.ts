import type { Pdu } from '@roomserver/events'
import {
  type Asking,
  EVENT_TYPE_NIDS,
  type EventNid,
  NO_NID,
  type RoomRecord,
  type UserId,
} from '@roomserver/types'
import { look } from '../../query/context.ts'
import { rulesOf } from '../../query/headered.ts'
import { eventsOf } from '../../view/asking.ts'
import type { Need } from '../../view/need.ts'
import { wholeState } from '../../view/state-at.ts'
import type { View } from '../../view/view.ts'
import type { PerformContext } from '../context.ts'
import type { OldState } from './carry-over.ts'

/** What a room has that its successor may take over. Of the members only those who are looked for are read. */
export async function oldState(context: PerformContext, room: RoomRecord, userId: UserId): Promise<OldState> {
  const { store } = context
  const own = await store.membership(room.nid, userId)
  const bans = await store.membershipsOfRoom(room.nid, { membership: 'ban' })
  const invites = await store.membershipsOfRoom(room.nid, { membership: 'invite' })
  const memberships = [...bans, ...invites].map(({ event }) => event)
  return await look(context, function* (view) {
    const [ownEvent] = yield* parsed(view, room, own === undefined ? [] : [own.event])
    return {
      state: yield* otherState(view, room),
      own: ownEvent,
      memberships: yield* parsed(view, room, memberships),
    }
  })
}

function* otherState(view: View, room: RoomRecord): Asking<Need, readonly Pdu[]> {
  const member = EVENT_TYPE_NIDS.get('m.room.member')
  const entries = (yield* wholeState(view, room.current)).filter(({ type }) => type !== member)
  return yield* parsed(
    view,
    room,
    entries.map(({ event }) => event),
  )
}

/** In the order in which they came to the room. */
function* parsed(view: View, room: RoomRecord, nids: readonly EventNid[]): Asking<Need, readonly Pdu[]> {
  const stored = nids.filter((nid) => nid !== NO_NID).toSorted((a, b) => a - b)
  const rules = rulesOf(room)
  return (yield* eventsOf(view, stored)).map((record) => view.pduOf(record, rules))
}
