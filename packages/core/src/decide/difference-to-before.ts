import type { StateChange } from '@roomserver/state'
import { type EventNid, NO_NID, type SnapshotNid, type Suspendable } from '@roomserver/types'
import type { IdentifiedChange } from '../view/known-difference.ts'
import { idsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import { changesBetween } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import type { Draft } from './draft.ts'

/** How the current state of a room came about. */
export interface StateMove {
  readonly from: SnapshotNid
  /** What the current state has otherwise, sorted by type and state key. */
  readonly changes: readonly StateChange[]
}

/** So many entries are compared as fast as it is found what they were before. */
const FEW = 16

/**
 * What turns the current state into the state before an event. Events of other servers that name the same prev event have the
 * same state before them, and the current state differs from it in as many entries as they have changed. So this goes on from
 * the difference that was found when the current state was the one before.
 */
export function* differenceToBefore(
  draft: Draft,
  before: SnapshotNid,
  { changes, from }: StateMove,
): Suspendable<Need, readonly IdentifiedChange[]> {
  const { view } = draft
  const { current } = draft.room
  if (current === before) return []
  const known = view.cache.differences.get(before)
  const difference =
    known?.from === from
      ? inSequence(yield* identified(view, changes.map(reversed)), known.changes)
      : yield* identified(view, yield* changesBetween(view, current, before))
  if (difference.length > FEW) view.cache.differences.set(before, { from: current, changes: difference })
  return difference
}

function reversed({ from, to, ...place }: StateChange): StateChange {
  return { ...place, from: to, to: from }
}

function* identified(
  view: View,
  changes: readonly StateChange[],
): Suspendable<Need, readonly IdentifiedChange[]> {
  const events = changes.flatMap(({ from, to }) => [from, to]).filter((nid) => nid !== NO_NID)
  const ids = (yield* idsOf(view, events)).values()
  const nextId = (nid: EventNid) => (nid === NO_NID ? undefined : ids.next().value)
  return changes.map((change) => ({ ...change, fromId: nextId(change.from), toId: nextId(change.to) }))
}

/** One difference and another that follows it as one: without the entries that are in the end what they were. */
function inSequence(
  first: readonly IdentifiedChange[],
  second: readonly IdentifiedChange[],
): readonly IdentifiedChange[] {
  const all: IdentifiedChange[] = []
  let at = 0
  for (const change of first) {
    let next = second[at]
    for (; next !== undefined && comparePlaces(next, change) < 0; next = second[++at]) all.push(next)
    if (next === undefined || comparePlaces(next, change) > 0) {
      all.push(change)
      continue
    }
    at++
    if (next.to !== change.from) all.push({ ...next, from: change.from, fromId: change.fromId })
  }
  for (; at < second.length; at++) {
    const next = second[at]
    if (next !== undefined) all.push(next)
  }
  return all
}

function comparePlaces(a: StateChange, b: StateChange): number {
  return a.type - b.type || a.stateKey - b.stateKey
}
