import type { Pdu } from '@roomserver/events'
import {
  type Suspendable,
  EVENT_TYPE_NIDS,
  type EventNid,
  NO_NID,
  type RoomRecord,
  type UserId,
} from '@roomserver/types'
import { readRoom } from '../../query/context.ts'
import { currentPdus } from '../../query/current-pdus.ts'
import { rulesOf } from '../../output/headered.ts'
import { eventsOf } from '../../view/reads.ts'
import type { Need } from '../../view/record-kinds.ts'
import { wholeState } from '../../view/state-at.ts'
import type { View } from '../../view/view.ts'
import type { PerformContext } from '../context.ts'
import { Refusal } from '../refusal.ts'
import type { OldState } from './carry-over.ts'

/**
 * What a room has that its successor may take over. Of the members only those who are looked for are read.
 *
 * @throws {Refusal} when there is no create event, or the user was never in the room
 */
export async function oldState(context: PerformContext, room: RoomRecord, userId: UserId): Promise<OldState> {
  const { store } = context
  const bans = await store.membershipsOfRoom(room.nid, { membership: 'ban' })
  const invites = await store.membershipsOfRoom(room.nid, { membership: 'invite' })
  const memberships = [...bans, ...invites].map(({ event }) => event)
  const found = await readRoom(context, function* (view) {
    return {
      create: (yield* currentPdus(view, room, [{ type: 'm.room.create', stateKey: '' }]))[0],
      own: (yield* currentPdus(view, room, [{ type: 'm.room.member', stateKey: userId }]))[0],
      state: yield* otherState(view, room),
      memberships: yield* parsed(view, room, memberships),
    }
  })
  const { create, own } = found
  if (create === undefined) throw missing('m.room.create', '')
  if (own === undefined) throw missing('m.room.member', userId)
  return { ...found, create, own }
}

function missing(type: string, stateKey: string): Refusal {
  const message = `Essential event of type "${type}" state key "${stateKey}" is missing`
  return new Refusal('unclassified', message)
}

function* otherState(view: View, room: RoomRecord): Suspendable<Need, readonly Pdu[]> {
  const member = EVENT_TYPE_NIDS.get('m.room.member')
  const entries = (yield* wholeState(view, room.current)).filter(({ type }) => type !== member)
  return yield* parsed(
    view,
    room,
    entries.map(({ event }) => event),
  )
}

/** In the order in which they came to the room. */
function* parsed(view: View, room: RoomRecord, nids: readonly EventNid[]): Suspendable<Need, readonly Pdu[]> {
  const stored = nids.filter((nid) => nid !== NO_NID).toSorted((a, b) => a - b)
  const rules = rulesOf(room)
  return (yield* eventsOf(view, stored)).map((record) => view.pduOf(record, rules))
}
