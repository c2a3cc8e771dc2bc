import type { Suspendable, EventNid, EventRecord } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { setExtremities } from '../decide/extremities.ts'
import { atRemoteState } from '../decide/remote-state.ts'
import { Extremities } from '../view/extremities.ts'
import { eventsInGraph, eventsOf } from '../view/reads.ts'
import type { Consequences } from './reevaluate-dependents.ts'

/**
 * Forward extremities that count no more give their places to what they build upon, as if they had been rejected when
 * they came.
 */
export function* dropRejectedExtremities(
  draft: Draft,
  consequences: Consequences,
): Suspendable<DecideNeed, void> {
  const rejected = new Set(consequences.rejected.map(({ nid }) => nid))
  const kept = draft.room.extremities.filter((nid) => !rejected.has(nid))
  if (kept.length === draft.room.extremities.length) return
  const below = yield* acceptedBelow(
    draft,
    consequences.rejected.filter(({ nid }) => draft.room.extremities.includes(nid)),
  )
  const open: EventNid[] = []
  for (const { nid } of below) {
    if ((yield* acceptedAfter(draft, consequences, nid)) === undefined) open.push(nid)
  }
  const extremities = [...new Set([...kept, ...open])]
  const some = below.slice(0, 1).map(({ nid }) => nid)
  const left = yield* eventsOf(draft.view, extremities.length > 0 ? extremities : some)
  setExtremities(draft, Extremities.of(left))
}

/** The first accepted events back from some. */
function* acceptedBelow(
  draft: Draft,
  from: readonly EventRecord[],
): Suspendable<DecideNeed, readonly EventRecord[]> {
  const accepted = new Map<EventNid, EventRecord>()
  const walked = new Set<EventNid>()
  let layer = from
  while (layer.length > 0) {
    const ids = new Set(layer.flatMap((event) => draft.view.pduOf(event, draft.rules).prevEvents))
    const past = (yield* eventsInGraph(draft.view, [...ids])).filter(({ nid }) => !walked.has(nid))
    for (const event of past) {
      walked.add(event.nid)
      if (event.verdict === 'accepted') accepted.set(event.nid, event)
    }
    layer = past.filter(({ verdict }) => verdict !== 'accepted')
  }
  return [...accepted.values()]
}

/**
 * An accepted event that builds upon another, be it by way of others that are not. What stands at remote state does not
 * count for an event that does not.
 */
export function* acceptedAfter(
  draft: Draft,
  { graph, changed }: Consequences,
  nid: EventNid,
): Suspendable<DecideNeed, EventNid | undefined> {
  const remote = yield* atRemoteState(draft)
  const isRemote = remote.has(nid)
  const walked = new Set([nid])
  for (const one of walked) {
    const node = graph.node(one)
    if (node === undefined) continue
    for (const next of graph.future(node)) {
      if (!isRemote && remote.has(next)) continue
      const [event] = changed.has(next) ? yield* eventsOf(draft.view, [next]) : []
      if (event === undefined ? graph.node(next)?.isAccepted : event.verdict === 'accepted') return next
      walked.add(next)
    }
  }
  return undefined
}
