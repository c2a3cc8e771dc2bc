import { historyVisibility } from '@roomserver/auth'
import { type Suspendable, type EventId, type EventRecord, NO_NID, type SnapshotNid } from '@roomserver/types'
import { idsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import { pdusAt } from '../evaluate/auth-state.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'
import { extremitiesOf } from './extremities.ts'

const HISTORY_VISIBILITY = { type: 'm.room.history_visibility', stateKey: '' }

/**
 * Who may read an event later, by the state before it; `shared` where that says nothing.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
 */
export function* visibilityAt(draft: Draft, before: SnapshotNid): Suspendable<Need, string> {
  const [event] = yield* pdusAt(draft, before, [HISTORY_VISIBILITY])
  return historyVisibility(event)
}

/** What a `new_room_event` says beside the event. */
export interface NewRoomEvent {
  readonly rewritesState: boolean
  readonly added: readonly EventId[]
  readonly removed: readonly EventId[]
  /** What turns the current state into the state before the event. */
  readonly stateBeforeAdds: readonly EventId[]
  readonly stateBeforeRemoves: readonly EventId[]
}

/** Announces an event at the end of the graph; the draft's extremities are those after it. */
export function* announceNew(
  draft: Draft,
  { pdu, sendAsServer, transaction }: EventInput,
  record: EventRecord,
  change: NewRoomEvent,
): Suspendable<Need, void> {
  const { rewritesState, added, removed, stateBeforeAdds, stateBeforeRemoves } = change
  const { lastSent } = draft.room
  const body = {
    ...(rewritesState && { rewrites_state: true }),
    latest_event_ids: (yield* extremitiesOf(draft)).ids,
    ...(added.length > 0 && { adds_state_event_ids: added }),
    ...(removed.length > 0 && { removes_state_event_ids: removed }),
    last_sent_event_id: lastSent === NO_NID ? '' : (yield* idsOf(draft.view, [lastSent]))[0],
    ...(stateBeforeAdds.length > 0 && { state_before_adds_event_ids: stateBeforeAdds }),
    ...(stateBeforeRemoves.length > 0 && { state_before_removes_event_ids: stateBeforeRemoves }),
    send_as_server: sendAsServer,
    ...(transaction && {
      transaction_id: { session_id: transaction.sessionId, id: transaction.transactionId },
    }),
    history_visibility: yield* visibilityAt(draft, record.before),
  }
  draft.addOutput('new_room_event', record.nid, body)
  draft.room = { ...draft.room, lastSent: record.nid }
  if (transaction) draft.addTransaction({ ...transaction, user: pdu.sender, eventId: pdu.eventId })
}

/** Announces an event that fills history in. */
export function* announceOld(draft: Draft, record: EventRecord): Suspendable<Need, void> {
  const visibility = yield* visibilityAt(draft, record.before)
  draft.addOutput('old_room_event', record.nid, { history_visibility: visibility })
}
