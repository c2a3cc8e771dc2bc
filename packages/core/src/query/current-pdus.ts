import type { Pdu } from '@roomserver/events'
import type { Suspendable, EventNid, RoomRecord } from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import { stateForTuples, type StateTuple } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { rulesOf } from '../output/headered.ts'
import { present } from './state-events.ts'

/** State events that a room has now, parsed; those left out that it does not have. */
export function* currentPdus(
  view: View,
  room: RoomRecord,
  wanted: readonly StateTuple[],
): Suspendable<Need, readonly Pdu[]> {
  const rules = rulesOf(room)
  const records = yield* eventsOf(view, present(yield* stateForTuples(view, room.current, wanted)))
  return records.map((record) => view.pduOf(record, rules))
}

/** The same, as the authorization rules read them: to foresee what they will say. */
export function* currentAuthPdus(
  view: View,
  room: RoomRecord,
  wanted: readonly StateTuple[],
): Suspendable<Need, readonly Pdu[]> {
  return yield* authPdusOf(view, room, yield* stateForTuples(view, room.current, wanted))
}

/** Events of a room as the authorization rules read them; without those that are none (NID 0). */
export function* authPdusOf(
  view: View,
  room: RoomRecord,
  nids: readonly EventNid[],
): Suspendable<Need, readonly Pdu[]> {
  const rules = rulesOf(room)
  return (yield* eventsOf(view, present(nids))).map((record) => view.authPduOf(record, rules))
}
