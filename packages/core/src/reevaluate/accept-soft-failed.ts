import type { Suspendable, EventNid } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { oldestFirst } from '../graph/oldest-first.ts'
import type { RoomGraph } from '../graph/room-graph.ts'
import { eventOf, eventsOf } from '../view/reads.ts'
import { acceptLate } from './accept-late.ts'
import { passesCurrentState } from './late-soft-failure.ts'
import { wholeGraph } from './verified-history.ts'

/**
 * Lets in, oldest first, what has failed softly among some events and those that build upon them, where the current state
 * allows it now that history has come: what they lacked may have been the join of their sender. Each is announced as new.
 */
export function* acceptSoftFailed(
  draft: Draft,
  graph: RoomGraph,
  from: readonly EventNid[],
): Suspendable<DecideNeed, void> {
  if (from.length === 0) return
  const after = yield* graph.reach(from, (node) => graph.future(node))
  const failed = [...after].filter((nid) => graph.node(nid)?.isSoftFailed === true)
  const events = yield* eventsOf(draft.view, failed)
  const allowed = oldestFirst(
    events.filter(({ verdict }) => verdict === 'soft-failed'),
    (event) => draft.view.pduOf(event, draft.rules).prevEvents,
  )
  const changed = new Map(allowed.map((event) => [event.nid, event]))
  yield* acceptLate(draft, { graph, changed, allowed, rejected: [] }, draft.room.current, {
    asksOfPast: true,
  })
}

/** The same for an event of which some of what it lacked has come. The graph is read only where it is let in. */
export function* acceptIfSoftFailed(draft: Draft, nid: EventNid): Suspendable<DecideNeed, void> {
  const event = yield* eventOf(draft.view, nid)
  if (event.verdict !== 'soft-failed' || !(yield* passesCurrentState(draft, event))) return
  yield* acceptSoftFailed(draft, yield* wholeGraph(draft), [nid])
}
