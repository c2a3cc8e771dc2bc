import { type Suspendable, type EventNid, type EventRecord, type SnapshotNid } from '@roomserver/types'
import { Extremities } from '../view/extremities.ts'
import { eventsInGraph, eventsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { atRemoteState } from './remote-state.ts'
import { unseenLocalExtremities } from './unseen-local-extremities.ts'

/**
 * Beyond so many times the number that a room may have, extremities with the same state after them as later ones are left out:
 * where nobody here may send what merges them, another server could make any number of them.
 */
const KEPT_TIMES = 100

/** How many rejected or soft-failed events are walked through to find what an event really builds on. */
const MAX_WALK = 1000

/** The forward extremities of the room. */
export function* extremitiesOf(draft: Draft): Suspendable<Need, Extremities> {
  const { extremities: known, room, view } = draft
  if (known?.are(room.extremities) === true) return known
  return (draft.extremities = Extremities.of(yield* eventsOf(view, room.extremities)))
}

/** The states after them, each once. */
export function* afterExtremities(draft: Draft): Suspendable<Need, ReadonlySet<SnapshotNid>> {
  return (yield* extremitiesOf(draft)).states
}

/**
 * Puts an accepted event at the end of the graph: it becomes a forward extremity unless an event that is here already
 * builds on it, and what it builds on is none any more.
 *
 * An event that builds on rejected or soft-failed ones builds through them on what those build on. They themselves
 * are never extremities, and what they build on stays one until something accepted does.
 *
 * An event at remote state takes the place of none while its history is not here, nor do those that build through it:
 * that what it names came before it is the word of one server, and so is the state that would replace theirs.
 *
 * @param prev - what it takes the place of, with what those build on; none of an event at remote state
 */
export function* moveExtremities(
  draft: Draft,
  record: EventRecord,
  prev: readonly EventRecord[],
  rewrites: boolean,
): Suspendable<DecideNeed, void> {
  const isNamed = yield* isFollowed(draft, record)
  const replaced = yield* replacedBy(draft, prev)
  const kept = rewrites
    ? Extremities.of(yield* eventsOf(draft.view, yield* unseenLocalExtremities(draft, record)))
    : (yield* extremitiesOf(draft)).without(replaced)
  const extremities = isNamed && kept.nids.length > 0 ? kept : kept.behind(record)
  setExtremities(draft, extremities.limitedTo(KEPT_TIMES * draft.context.maxExtremities))
}

/** Makes these the forward extremities of the room, and its depth the greatest of theirs. */
export function setExtremities(draft: Draft, extremities: Extremities): void {
  draft.extremities = extremities
  draft.room = { ...draft.room, extremities: extremities.nids, depth: extremities.depth }
}

/** Whether an accepted event that is here already builds upon one. */
export function* hasAcceptedSuccessor(draft: Draft, record: EventRecord): Suspendable<DecideNeed, boolean> {
  return (yield* successorsOf(draft, record)).some(({ verdict }) => verdict === 'accepted')
}

/** The same, but events at remote state do not count, unless the event stands at one itself. */
function* isFollowed(draft: Draft, record: EventRecord): Suspendable<DecideNeed, boolean> {
  const followers = (yield* successorsOf(draft, record)).filter(({ verdict }) => verdict === 'accepted')
  if (followers.length === 0) return false
  const remote = yield* atRemoteState(draft)
  return remote.has(record.nid) || followers.some(({ nid }) => !remote.has(nid))
}

/** Events of the graph that name one as a prev event, and were there first. */
export function* successorsOf(
  { reads, view, read }: Draft,
  { eventId }: EventRecord,
): Suspendable<DecideNeed, readonly EventRecord[]> {
  if (reads.successorsOf(eventId) === undefined) yield { kind: 'successors', ids: [eventId] }
  const successors = yield* eventsOf(view, reads.successorsOf(eventId) ?? [])
  return successors.filter(({ roomNid }) => roomNid === read.nid)
}

/**
 * What some events are, and what they build upon by way of those among them that are not accepted, and not at remote
 * state.
 */
export function* replacedBy(
  draft: Draft,
  prev: readonly EventRecord[],
): Suspendable<DecideNeed, ReadonlySet<EventNid>> {
  const found = new Set<EventNid>()
  let layer = prev
  while (layer.length > 0 && found.size < MAX_WALK) {
    const next: string[] = []
    for (const record of layer) {
      if (found.has(record.nid)) continue
      found.add(record.nid)
      if (record.verdict === 'accepted' || (yield* atRemoteState(draft)).has(record.nid)) continue
      next.push(...draft.view.pduOf(record, draft.rules).prevEvents)
    }
    layer = yield* eventsInGraph(draft.view, next)
  }
  return found
}
