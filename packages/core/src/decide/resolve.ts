import {
  ContinuedResolution,
  difference,
  resolveSnapshots,
  type StateChange,
  type ConflictedEntry,
} from '@roomserver/state'
import { type Suspendable, NO_NID, type SnapshotNid, type StateEntry } from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import { snapshotOf } from '../view/state-at.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { stateChanged, stateOf } from './state-changes.ts'

/** A state, and the conflicted entries where it had to be resolved. */
export interface Resolved {
  readonly snapshot: SnapshotNid
  readonly conflicted: readonly ConflictedEntry[]
}

/** The states after the forward extremities of the room, each once. */
export function* afterExtremities(draft: Draft): Suspendable<DecideNeed, readonly SnapshotNid[]> {
  const records = yield* eventsOf(draft.view, draft.room.extremities)
  return [...new Set(records.map((record) => record.after))]
}

/**
 * One state out of several: the empty one out of none, the resolution by the algorithm of the room's version out of
 * two or more. Empty ones have no part in it: a state with nothing in it, not even a create event, is that of events which
 * do not go back to the root of the room.
 *
 * @param near - a state that the outcome is likely to be close to: where that takes fewer entries, it is stored as what
 *   that one has otherwise, and not one of the states
 * @see https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export function* resolveAfter(
  draft: Draft,
  states: readonly SnapshotNid[],
  near: SnapshotNid = NO_NID,
): Suspendable<DecideNeed, Resolved> {
  if (states.length < 2) return { snapshot: states[0] ?? (yield* stateOf(draft, [])), conflicted: [] }
  const kept: SnapshotNid[] = []
  const snapshots = []
  for (const state of states.toSorted((a, b) => a - b)) {
    const snapshot = yield* snapshotOf(draft.view, state)
    if (snapshot.blocks.length === 0) continue
    kept.push(state)
    snapshots.push(snapshot)
  }
  if (kept.length < 2) return { snapshot: kept[0] ?? (yield* stateOf(draft, [])), conflicted: [] }
  const { base, changes, conflicted } = yield* resolveSnapshots(snapshots, draft.view, { rules: draft.rules })
  return { snapshot: yield* changed(draft, kept[base] ?? NO_NID, changes, near), conflicted }
}

/** From so many states on it is worth going on from the resolution before. */
const MANY_STATES = 8

/**
 * The same for the states after the forward extremities: where there are many of them, it goes on from the resolution that
 * the state before came from.
 *
 * @param near - see {@link resolveAfter}; where it is left out, the resolution before does not matter
 */
export function* resolveCurrent(
  draft: Draft,
  states: readonly SnapshotNid[],
  near: SnapshotNid,
): Suspendable<DecideNeed, Resolved> {
  const { rules, view } = draft
  const isNew = near === NO_NID || draft.changesAuth
  if (isNew || states.length < MANY_STATES || !ContinuedResolution.serves(rules))
    return yield* resolveAfter(draft, states, near)
  const resolution =
    draft.resolution ?? view.cache.takeResolution(draft.read.nid) ?? new ContinuedResolution(rules)
  // Whatever interrupts it leaves nothing half behind.
  draft.resolution = undefined
  const outcome = yield* resolution.goOn(states, near, view)
  const resolved =
    outcome === undefined
      ? yield* resolveAfter(draft, states, near)
      : {
          snapshot: yield* changed(draft, outcome.from, outcome.changes, near),
          conflicted: outcome.conflicted,
        }
  resolution.endAt(resolved.snapshot)
  draft.resolution = resolution
  return resolved
}

/** A state with changes, made out of one that is near it where that takes fewer of them. */
function* changed(
  draft: Draft,
  from: SnapshotNid,
  changes: readonly StateEntry[],
  near: SnapshotNid,
): Suspendable<DecideNeed, SnapshotNid> {
  if (near !== NO_NID && near !== from && changes.length > FEW) {
    const [there, here] = [yield* snapshotOf(draft.view, near), yield* snapshotOf(draft.view, from)]
    const closer = put(changes, yield* difference(there, here, draft.view))
    if (closer.length < changes.length) return yield* stateChanged(draft, near, closer)
  }
  return yield* stateChanged(draft, from, changes)
}

/** So many changes are not worth looking for fewer. */
const FEW = 16

/** Changes put on top of a difference that leads up to them, those left out that cancel each other; all sorted alike. */
function put(changes: readonly StateEntry[], upTo: readonly StateChange[]): readonly StateEntry[] {
  const all: StateEntry[] = []
  let at = 0
  for (const { type, stateKey, from, to } of upTo) {
    let next = changes[at]
    for (; next !== undefined && isBelow(next, { type, stateKey }); next = changes[++at]) all.push(next)
    const changed = next?.type === type && next.stateKey === stateKey ? next : undefined
    if (changed !== undefined) at++
    const event = changed?.event ?? to
    if (event !== from) all.push({ type, stateKey, event })
  }
  all.push(...changes.slice(at))
  return all
}

function isBelow(a: Place, b: Place): boolean {
  return a.type < b.type || (a.type === b.type && a.stateKey < b.stateKey)
}

type Place = Pick<StateEntry, 'type' | 'stateKey'>
