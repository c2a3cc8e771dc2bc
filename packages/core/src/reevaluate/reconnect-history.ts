import type { Suspendable, EventId, EventNid, EventRecord } from '@roomserver/types'
import { announceRewritten, latestOf } from '../decide/announce-rewritten.ts'
import { moveRoom } from '../decide/current-state.ts'
import { changesBetween } from '../view/state-at.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { replacedBy, successorsOf } from '../decide/extremities.ts'
import { atRemoteState } from '../decide/remote-state.ts'
import { oldestFirst } from '../graph/oldest-first.ts'
import type { RoomGraph } from '../graph/room-graph.ts'
import { eventsInGraph, eventsOf } from '../view/reads.ts'
import { dropCoveredExtremities } from './drop-covered-extremities.ts'
import { wholeGraph } from './verified-history.ts'
import { passesCurrentState } from './late-soft-failure.ts'
import { acceptSoftFailed } from './accept-soft-failed.ts'

/**
 * Looks at the forward extremities once events of the past have come and closed up with what was there. Such an event is
 * part of them where all that builds upon it has failed softly here, if the current state lets it. An extremity that had come by
 * itself is none any more where it turns out that another one is built upon it.
 *
 * That cannot be told of each event when it comes, since a page of the past begins with its oldest. What nothing builds
 * upon was not asked for, and changes nothing. Then what had failed softly for want of such events is let in, where the
 * current state allows it now. Done again it finds nothing to do.
 *
 * @param came - the events that have come, one page of them
 */
export function* reconnectHistory(draft: Draft, came: readonly EventId[]): Suspendable<DecideNeed, void> {
  const page = (yield* eventsInGraph(draft.view, came)).filter(({ roomNid }) => roomNid === draft.read.nid)
  const isSplit = yield* areExtremitiesInHistory(draft, page)
  if (!isSplit && !(yield* isAnyLeftOut(draft, page))) return
  const graph = yield* wholeGraph(draft)
  const { current } = draft.room
  const taken = yield* addLeftOut(draft, page, graph)
  yield* dropCoveredExtremities(draft, graph)
  if ((yield* changesBetween(draft.view, current, draft.room.current)).length > 0) {
    yield* announceRewritten(draft, latestOf(yield* eventsOf(draft.view, draft.room.extremities)))
  }
  yield* acceptSoftFailed(draft, graph, taken)
}

/** Whether an event of the page builds upon a forward extremity, of which there are others. */
function* areExtremitiesInHistory(
  draft: Draft,
  page: readonly EventRecord[],
): Suspendable<DecideNeed, boolean> {
  const { extremities } = draft.room
  if (extremities.length < 2) return false
  const ids = new Set(page.flatMap((event) => draft.view.pduOf(event, draft.rules).prevEvents))
  const past = yield* replacedBy(draft, yield* eventsInGraph(draft.view, [...ids]))
  return extremities.some((extremity) => past.has(extremity))
}

/** Whether there is an event among the page that others had named, none of which counts. */
function* isAnyLeftOut(draft: Draft, page: readonly EventRecord[]): Suspendable<DecideNeed, boolean> {
  for (const event of page) {
    if (draft.room.extremities.includes(event.nid)) continue
    const successors = event.verdict === 'accepted' ? yield* successorsOf(draft, event) : []
    if (successors.length > 0 && successors.every(({ verdict }) => verdict !== 'accepted')) return true
  }
  return false
}

/** Lets in those of the page that are forward extremities, from the latest back, and returns them. */
function* addLeftOut(
  draft: Draft,
  page: readonly EventRecord[],
  graph: RoomGraph,
): Suspendable<DecideNeed, readonly EventNid[]> {
  const taken: EventNid[] = []
  const counting = new Map(page.map(({ nid }) => [nid, false]))
  for (const nid of draft.room.extremities) counting.set(nid, true)
  const pduOf = (event: EventRecord) => draft.view.pduOf(event, draft.rules)
  const accepted = page.filter(({ verdict }) => verdict === 'accepted')
  for (const event of oldestFirst(accepted, (one) => pduOf(one).prevEvents).toReversed()) {
    const after = countingSuccessors(graph, event.nid, counting)
    const isEnd = after === 'nothing that counts' && (yield* passesCurrentState(draft, event))
    if (isEnd) yield* addToGraph(draft, event, graph)
    if (isEnd) taken.push(event.nid)
    counting.set(event.nid, isEnd || after === 'something that counts')
  }
  return taken
}

/** Makes an event a forward extremity in the place of those that it is built upon. Consumers know it already. */
function* addToGraph(draft: Draft, event: EventRecord, graph: RoomGraph): Suspendable<DecideNeed, void> {
  const remote = yield* atRemoteState(draft)
  const past = yield* graph.reach([event.nid], (node) => (remote.has(node.nid) ? [] : graph.past(node)))
  const extremities = draft.room.extremities.filter((extremity) => past.has(extremity))
  yield* moveRoom(draft, event, yield* eventsOf(draft.view, extremities), [], false)
}

/**
 * What of the graph as it was builds upon an event, be it by way of others that do not count.
 *
 * @param counting - for events of the page and ends: whether they count; accepted ones among the others do
 */
function countingSuccessors(
  graph: RoomGraph,
  nid: EventNid,
  counting: ReadonlyMap<EventNid, boolean>,
): 'nothing' | 'nothing that counts' | 'something that counts' {
  if (counting.get(nid) === true) return 'something that counts'
  const walked = new Set([nid])
  for (const one of walked) {
    const node = graph.node(one)
    if (node === undefined) continue
    for (const next of graph.future(node)) {
      if (counting.get(next) ?? graph.node(next)?.isAccepted) return 'something that counts'
      walked.add(next)
    }
  }
  const isNamed = [...walked].some((one) => !counting.has(one))
  return isNamed ? 'nothing that counts' : 'nothing'
}
