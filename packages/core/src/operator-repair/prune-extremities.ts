import type { Suspendable, EventNid, EventRecord } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { eventsOf, eventsWithIds } from '../view/reads.ts'

/** How many events are walked through to find out which extremities others build on. */
const MAX_WALK = 20_000

/**
 * The forward extremities that are rightly so: accepted, and nothing builds on them.
 *
 * @param maxWalk - after this many events the walk ends, with the generation that it is at
 */
export function* prunedExtremities(
  draft: Draft,
  maxWalk = MAX_WALK,
): Suspendable<DecideNeed, readonly EventNid[]> {
  const { extremities } = draft.room
  const records = yield* eventsOf(draft.view, extremities)
  const accepted = records.filter(({ verdict }) => verdict === 'accepted')
  const replacedBy = yield* pastOf(draft, accepted, maxWalk)
  const kept = accepted.filter(({ nid }) => !replacedBy.has(nid)).map(({ nid }) => nid)
  return kept.length > 0 ? kept : extremities
}

/** Events that some build on, as far down as the lowest of these. */
function* pastOf(
  draft: Draft,
  from: readonly EventRecord[],
  maxWalk: number,
): Suspendable<DecideNeed, ReadonlySet<EventNid>> {
  const lowest = Math.min(...from.map(({ depth }) => depth))
  const past = new Set<EventNid>()
  let layer = from
  while (layer.length > 0 && past.size < maxWalk) {
    const ids = new Set(layer.flatMap((record) => draft.view.pduOf(record, draft.rules).prevEvents))
    const found = (yield* eventsWithIds(draft.view, [...ids])).filter((record) => record !== null)
    layer = found.filter(({ nid, depth }) => depth >= lowest && !past.has(nid))
    for (const { nid } of layer) past.add(nid)
  }
  return past
}
