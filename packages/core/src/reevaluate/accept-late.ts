import type { Suspendable, EventNid, EventRecord, SnapshotNid } from '@roomserver/types'
import { announcedChange, moveRoom } from '../decide/current-state.ts'
import { changesBetween } from '../view/state-at.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { successorsOf } from '../decide/extremities.ts'
import { announceNew, announceOld } from '../decide/outputs.ts'
import { atRemoteState, remoteStatesOf } from '../decide/remote-state.ts'
import { eventsInGraph } from '../view/reads.ts'
import { passesCurrentState } from './late-soft-failure.ts'
import { acceptedAfter } from './drop-rejected-extremities.ts'
import type { Consequences } from './reevaluate-dependents.ts'

const ACCEPTED = { verdict: 'accepted', rule: undefined, reason: undefined } as const

/**
 * Lets in what the rules allow after all, oldest first, as if it came now: where the current state does not allow it, it
 * has failed softly. Events before an event at remote state are history, and not announced as new.
 *
 * @param known - the current state as consumers know it
 * @param options - `asksOfPast`: the current state has to allow what is past, too
 * @returns the same, when all that came in is announced
 */
export function* acceptLate(
  draft: Draft,
  consequences: Consequences,
  known: SnapshotNid,
  { asksOfPast = false } = {},
): Suspendable<DecideNeed, SnapshotNid> {
  let announced = known
  const { allowed } = consequences
  const past = allowed.length > 0 ? yield* pastOfRemoteStates(draft, consequences) : new Set<EventNid>()
  for (const event of allowed) {
    if (past.has(event.nid)) {
      if (asksOfPast && !(yield* passesCurrentState(draft, event))) continue
      yield* announceOld(draft, draft.updateEvent(event, ACCEPTED))
    } else if (yield* passesCurrentState(draft, event)) {
      const record = draft.updateEvent(event, ACCEPTED)
      yield* addToGraph(draft, record, consequences, announced)
      announced = draft.room.current
    }
  }
  return announced
}

function* pastOfRemoteStates(
  draft: Draft,
  { graph }: Consequences,
): Suspendable<DecideNeed, ReadonlySet<EventNid>> {
  const nodes = [...(yield* remoteStatesOf(draft)).keys()].map((nid) => graph.node(nid))
  const before = nodes.flatMap((node) => (node === undefined ? [] : graph.past(node)))
  return yield* graph.reach(before, (node) => graph.past(node))
}

/** Makes an event part of the end of the graph, unless accepted ones build upon it, and announces it. */
function* addToGraph(
  draft: Draft,
  record: EventRecord,
  consequences: Consequences,
  known: SnapshotNid,
): Suspendable<DecideNeed, void> {
  const pdu = draft.view.pduOf(record, draft.rules)
  yield* successorsOf(draft, record)
  const later = yield* acceptedAfter(draft, consequences, record.nid)
  if (later !== undefined) draft.reads.addSuccessor(record.eventId, later)
  const remote = yield* atRemoteState(draft)
  const replaced = remote.has(record.nid) ? [] : yield* eventsInGraph(draft.view, pdu.prevEvents)
  yield* moveRoom(draft, record, replaced, [], false)
  const changes = yield* changesBetween(draft.view, known, draft.room.current)
  const change = yield* announcedChange(draft, record, { from: known, changes }, false)
  yield* announceNew(draft, { kind: 'new', pdu, sendAsServer: '' }, record, change)
}
