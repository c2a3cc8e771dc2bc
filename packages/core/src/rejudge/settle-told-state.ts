import { type Asking, type EventNid, NO_NID } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { toldStatesOf } from '../decide/told-states.ts'
import { eventsOf } from '../view/asking.ts'
import { unsettledBefore } from './ground.ts'
import type { Consequences } from './rejudge-dependents.ts'
import { rejudge } from './rejudge.ts'

/**
 * Works the state before an event out from its history, where that is there now, and does away with what was told of it;
 * or notes what it waits for still. Nothing else of the room changes where the server that told it said the truth.
 *
 * @returns what followed where it did not
 */
export function* settleToldState(draft: Draft, nid: EventNid): Asking<DecideNeed, Consequences | undefined> {
  const told = yield* toldStatesOf(draft)
  if (told.get(nid)?.isSettled !== false) return undefined
  const [event] = yield* eventsOf(draft.view, [nid])
  if (event === undefined) return undefined
  const waitsFor = yield* unsettledBefore(draft, event)
  if (waitsFor !== NO_NID) {
    draft.setToldState(nid, waitsFor)
    return undefined
  }

  draft.settleToldState(nid)
  for (const other of told.values()) {
    if (other.event !== nid && !other.isSettled && other.waitsFor === nid)
      draft.setToldState(other.event, NO_NID)
  }
  return yield* rejudge(draft, event, false, `the history before ${event.eventId}`)
}
