import type {
  EventSummary,
  InspectResolutionRequest,
  InspectResolutionResponse,
  ResolutionCheck,
  StateSet,
} from '@roomserver/api'
import { type JudgedEvent, type ResolutionTrace, resolveSnapshots } from '@roomserver/state'
import { type EventId, type EventRecord, NO_NID, type SnapshotNid, type Suspendable } from '@roomserver/types'
import { ruleReference } from '../event/auth-check.ts'
import { invalidArgument } from '../failures.ts'
import { extremitiesAt } from './extremities-at.ts'
import type { InspectionSource } from '../read/inspection-source.ts'
import type { RecordNeed, RecordReader } from '../read/record-reader.ts'
import { entriesOf, eventsOf, eventsWithIds, type Snapshot, snapshotOf } from '../read/records.ts'
import { eventIn, type RoomView, roomView, summariesWithIds } from '../read/room-view.ts'

/** How many elements of a list are given. */
const MOST = 1_000

/**
 * Does a state resolution again: that before an event, that of the current state when an event arrived, or that of the current
 * state now.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND, EVENT_NOT_FOUND, INVALID_ARGUMENT
 */
export async function inspectResolution(
  source: InspectionSource,
  { at, moment, room_id: roomId }: InspectResolutionRequest,
): Promise<InspectResolutionResponse> {
  if (!['', 'before', 'arrival'].includes(moment)) throw invalidArgument('moment', 'before or arrival')
  const view = await roomView(source.store, roomId)
  return await resolutionAt(source, view, at, moment === 'arrival' ? 'arrival' : 'before')
}

/** The resolution at an event, or of the current state (empty ID). */
async function resolutionAt(
  source: InspectionSource,
  view: RoomView,
  at: EventId,
  moment: 'before' | 'arrival',
): Promise<InspectResolutionResponse> {
  const merged = await mergedAt(source, view, at, moment)
  return await source.read((reader) => resolutionOf(reader, view, merged))
}

/**
 * The conflicts that were resolved for the current state when an event arrived.
 *
 * @throws {RoomserverError} EVENT_NOT_FOUND, INVALID_ARGUMENT
 */
export async function conflictsAtArrival(
  source: InspectionSource,
  view: RoomView,
  at: EventId,
): Promise<ResolutionTrace['conflicts']> {
  const merged = await mergedAt(source, view, at, 'arrival')
  return await source.read(function* (reader) {
    const snapshots = []
    for (const nid of statesAfter(merged).keys()) snapshots.push(yield* snapshotOf(reader, nid))
    return (yield* resolvedIn(reader, view, snapshots))?.conflicts ?? []
  })
}

/** The events whose states are resolved. */
async function mergedAt(
  source: InspectionSource,
  view: RoomView,
  at: EventId,
  moment: 'before' | 'arrival',
): Promise<readonly EventRecord[]> {
  const event = at === '' ? undefined : await source.read((reader) => eventIn(reader, view, at))
  const merged =
    event !== undefined && moment === 'arrival'
      ? await extremitiesAt(source, view, event)
      : await source.read((reader) => eventsMergedAt(reader, view, event))
  return merged.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1))
}

/** The events whose states are resolved for the state before an event, or for the current one. */
function* eventsMergedAt(
  reader: RecordReader,
  view: RoomView,
  event: EventRecord | undefined,
): Suspendable<RecordNeed, readonly EventRecord[]> {
  if (event === undefined) return yield* eventsOf(reader, view.room.extremities)
  const { prevEvents } = reader.pduOf(event, view.rules)
  const prev = (yield* eventsWithIds(reader, prevEvents)).filter((one) => one !== null)
  return prev.filter(({ roomNid }) => roomNid === view.room.nid)
}

/** The resolution of the states after events. */
function* resolutionOf(
  reader: RecordReader,
  view: RoomView,
  merged: readonly EventRecord[],
): Suspendable<RecordNeed, InspectResolutionResponse> {
  const snapshots = []
  const stateSets: StateSet[] = []
  for (const [nid, after] of statesAfter(merged)) {
    const snapshot = yield* snapshotOf(reader, nid)
    snapshots.push(snapshot)
    stateSets.push({ after, entries: yield* entriesOf(reader, snapshot) })
  }
  const answer = answerOf(view.rules.stateResolution, stateSets, yield* resolvedIn(reader, view, snapshots))
  return { ...answer, events: yield* mentionedIn(reader, view, answer) }
}

/** The states after some events, each with those that it is after. */
function statesAfter(merged: readonly EventRecord[]): ReadonlyMap<SnapshotNid, readonly EventId[]> {
  const sets = new Map<SnapshotNid, EventId[]>()
  for (const { after, eventId } of merged) {
    if (after === NO_NID) continue
    const ids = sets.get(after)
    if (ids === undefined) sets.set(after, [eventId])
    else ids.push(eventId)
  }
  return sets
}

function* resolvedIn(
  reader: RecordReader,
  view: RoomView,
  snapshots: readonly Snapshot[],
): Suspendable<RecordNeed, ResolutionTrace | undefined> {
  if (snapshots.length === 0) throw invalidArgument('at', 'an event whose state is known')
  return (yield* resolveSnapshots(snapshots, reader, { rules: view.rules, trace: true })).trace
}

type Answer = Omit<InspectResolutionResponse, 'events'>

function answerOf(
  algorithm: string,
  stateSets: readonly StateSet[],
  trace: ResolutionTrace | undefined,
): Answer {
  const {
    authDifference = [],
    changes = [],
    conflicts = [],
    judged = [],
    mainline = [],
    subgraph = [],
  } = trace ?? {}
  const conflictedInFirst = conflicts.filter(({ candidates }) => candidates[0] !== null).length
  const power = judged.filter(({ step }) => step === 'power').map(({ event }) => event)
  const lists = [conflicts, authDifference, subgraph, judged, mainline, ...changes]
  return {
    algorithm,
    is_needed: conflicts.length > 0,
    state_sets: stateSets,
    unconflicted: (stateSets[0]?.entries ?? 0) - conflictedInFirst,
    conflicts: conflicts.slice(0, MOST).map(({ candidates, stateKey, type, why, winner }) => ({
      type,
      state_key: stateKey,
      candidates: candidates.map((id) => id ?? ''),
      winner: winner ?? '',
      why,
    })),
    auth_difference: authDifference.slice(0, MOST),
    subgraph: subgraph.slice(0, MOST),
    power_events: power.slice(0, MOST),
    mainline: mainline.slice(0, MOST),
    checks: judged.slice(0, MOST).map(checkOf),
    changes: changes
      .flatMap((list, set) =>
        list.map(({ from, stateKey, to, type }) => ({
          state_set: set,
          type,
          state_key: stateKey,
          from: from ?? '',
          to: to ?? '',
        })),
      )
      .slice(0, MOST),
    is_shortened: lists.some(({ length }) => length > MOST),
  }
}

function checkOf(one: JudgedEvent): ResolutionCheck {
  return {
    step: one.step,
    event_id: one.event,
    is_allowed: one.allowed,
    was_rejected: one.wasRejected,
    rule: ruleReference(one.rule),
    reason: one.reason ?? '',
    against: one.against.map(({ event, stateKey, type }) => ({
      type,
      state_key: stateKey,
      event_id: event ?? '',
    })),
    mainline_position: one.mainlinePosition ?? -1,
  }
}

/** The events that an answer refers to. */
function* mentionedIn(
  reader: RecordReader,
  view: RoomView,
  { auth_difference, changes, checks, conflicts, mainline, state_sets, subgraph }: Answer,
): Suspendable<RecordNeed, readonly EventSummary[]> {
  const ids = new Set([
    ...state_sets.flatMap(({ after }) => after),
    ...conflicts.flatMap(({ candidates, winner }) => [...candidates, winner]),
    ...checks.flatMap(({ against, event_id: id }) => [id, ...against.map((one) => one.event_id)]),
    ...changes.flatMap(({ from, to }) => [from, to]),
    ...auth_difference,
    ...subgraph,
    ...mainline,
  ])
  ids.delete('')
  return yield* summariesWithIds(reader, view, [...ids])
}
