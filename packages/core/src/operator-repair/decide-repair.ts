import type { StateChange } from '@roomserver/state'
import { type Suspendable, type EventNid, type EventRecord, NO_NID, RoomserverError } from '@roomserver/types'
import { announceRewritten, latestOf } from '../decide/announce-rewritten.ts'
import { changesBetween } from '../view/state-at.ts'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { setExtremities } from '../decide/extremities.ts'
import { isSameSet } from '../decide/is-same-set.ts'
import { keepJournal } from '../decide/journal.ts'
import { updateMemberships } from '../decide/memberships.ts'
import { notePolicyChange } from '../decide/policy-server.ts'
import { resolveAfter } from '../evaluate/resolve.ts'
import { givenState } from '../decide/state-before.ts'
import { stateChanged } from '../evaluate/state-changes.ts'
import { Extremities } from '../view/extremities.ts'
import { eventsOf, eventWithId, idsOf } from '../view/reads.ts'
import { prunedExtremities } from './prune-extremities.ts'
import type { RepairDifference, RepairedEntry, RepairPlan } from './repair-plan.ts'

/** Who repairs, and whether only the difference is wanted. */
export interface RepairOrder {
  /** Noted in the journal. */
  readonly by: string
  readonly isDryRun: boolean
}

/**
 * Decides on an operator's repair of a room. Where its state changes, consumers get the latest event again, as one that
 * rewrites the state.
 */
export function* decideRepair(
  draft: Draft,
  plan: RepairPlan,
  { by, isDryRun }: RepairOrder,
): Suspendable<DecideNeed, RepairDifference> {
  const before = draft.room
  if (plan.kind === 'extremities' && draft.read.revision > plan.revision) throw movedOn(before.roomId)
  const extremities = yield* extremitiesBy(draft, plan)
  const records = yield* eventsOf(draft.view, extremities)
  const given = plan.kind === 'given-state' ? yield* endWithState(draft, records, plan) : undefined
  const afters = new Set(records.map((end) => (end.nid === given?.nid ? given.after : end.after)))
  const current = (yield* resolveAfter(draft, afters)).snapshot
  const known = before.extremities.filter((nid) => plan.kind !== 'extremities' || !plan.lost.includes(nid))
  const isLost = plan.kind === 'extremities' && plan.isCurrentLost
  const changes = yield* changesBetween(draft.view, isLost ? current : before.current, current)
  const difference = {
    extremities: { from: yield* idsOf(draft.view, known), to: records.map(({ eventId }) => eventId) },
    entries: yield* entriesOf(draft, changes),
  }
  if (isDryRun) return difference

  if (given !== undefined) draft.updateEvent(given, { before: given.before, after: given.after })
  if (isLost) draft.room = { ...draft.room, current }
  if (!isSameSet(new Set(extremities), new Set(before.extremities)))
    setExtremities(draft, Extremities.of(records))
  if (changes.length > 0) yield* apply(draft, latestOf(records), current, changes, by)
  return difference
}

function* extremitiesBy(draft: Draft, plan: RepairPlan): Suspendable<DecideNeed, readonly EventNid[]> {
  if (plan.kind === 'extremities') return plan.extremities
  return plan.kind === 'prune-extremities' ? yield* prunedExtremities(draft) : draft.room.extremities
}

/** An extremity as it is with the state that was given for it. */
function* endWithState(
  draft: Draft,
  records: readonly EventRecord[],
  { extremity, eventIds }: RepairPlan & { readonly kind: 'given-state' },
): Suspendable<DecideNeed, EventRecord> {
  const end = yield* eventWithId(draft.view, extremity)
  if (end === null || !records.includes(end)) throw movedOn(extremity)
  const state = yield* givenState(draft, eventIds)
  if (!state.known) throw movedOn(extremity)
  const { typeNid: type, stateKeyNid: stateKey, nid: event } = end
  const own = stateKey === NO_NID ? [] : [{ type, stateKey, event }]
  const after = yield* stateChanged(draft, state.snapshot, own)
  return { ...end, before: state.snapshot, after }
}

function movedOn(where: string): RoomserverError {
  const expected = `the room unchanged since the plan was made: ${where}`
  return new RoomserverError(
    'BAD_REQUEST',
    { path: 'state', expected },
    'the room changed meanwhile; run the repair again',
  )
}

function* apply(
  draft: Draft,
  latest: EventRecord,
  current: EventRecord['after'],
  changes: readonly StateChange[],
  repairedBy: string,
): Suspendable<DecideNeed, void> {
  const { current: before } = draft.room
  draft.room = { ...draft.room, current }
  yield* updateMemberships(draft, latest, changes)
  yield* keepJournal(draft, latest, changes, { repairedBy })
  yield* notePolicyChange(draft, before, current)
  yield* announceRewritten(draft, latest)
}

/** The entries by the events themselves, which know their type and state key. */
function* entriesOf(
  draft: Draft,
  changes: readonly StateChange[],
): Suspendable<DecideNeed, readonly RepairedEntry[]> {
  const nids = new Set(changes.flatMap(({ from, to }) => [from, to]).filter((nid) => nid !== NO_NID))
  const records = new Map((yield* eventsOf(draft.view, [...nids])).map((record) => [record.nid, record]))
  return changes.flatMap(({ from, to }) => {
    const record = records.get(to) ?? records.get(from)
    if (record === undefined) return []
    const { type, stateKey = '' } = draft.view.pduOf(record, draft.rules)
    return [{ type, stateKey, from: records.get(from)?.eventId, to: records.get(to)?.eventId }]
  })
}
