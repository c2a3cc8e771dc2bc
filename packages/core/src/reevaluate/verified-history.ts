import { type Suspendable, type EventNid, type EventRecord, NO_NID } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { remoteStatesOf } from '../decide/remote-state.ts'
import { walkBack } from '../decide/walk-back.ts'
import { type GraphNode, RoomGraph } from '../graph/room-graph.ts'
import { eventsOf } from '../view/reads.ts'

/**
 * Whether an event stands on the whole history of its room: every event before it is there, back to the create event, and
 * none at remote state. Then the state before it is verified.
 *
 * The walk back ends at events whose remote states were worked out already, and at the first where that is still to be done;
 * where there is no such event in the room at all, there is nothing to walk for. So each page of a past that comes page
 * after page is walked through once.
 *
 * @returns 0: it does; else the event that has to be settled first, itself where something before it is missing
 */
export function* unsettledBefore(draft: Draft, event: EventRecord): Suspendable<DecideNeed, EventNid> {
  return (yield* walkBack(draft, event)) ?? (yield* unsettledInGraph(draft, event.nid))
}

function* unsettledInGraph(draft: Draft, event: EventNid): Suspendable<DecideNeed, EventNid> {
  const remoteStates = yield* remoteStatesOf(draft)
  const graph = yield* wholeGraph(draft)
  const isEnd = (node: GraphNode) => remoteStates.has(node.nid) && node.nid !== event
  const walked = yield* graph.reach([event], (node) => (isEnd(node) ? [] : graph.past(node)))
  for (const nid of walked) {
    const node = graph.node(nid)
    if (node === undefined) continue
    if (isEnd(node)) {
      if (remoteStates.get(nid)?.isVerified === false) return nid
    } else if (graph.past(node).length < node.prevEvents.length) return event
  }
  return NO_NID
}

/** The whole graph of the room, with what the draft adds to it. */
export function* wholeGraph(draft: Draft): Suspendable<DecideNeed, RoomGraph> {
  const graph = new RoomGraph(draft.rules)
  yield { kind: 'graph', into: graph }
  for (const record of yield* eventsOf(draft.view, draft.touchedEvents)) graph.add(record)
  return graph
}
