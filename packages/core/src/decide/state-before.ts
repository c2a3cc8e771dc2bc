import { createIdOf } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import {
  type Suspendable,
  isRejected,
  NO_NID,
  type EventId,
  type EventRecord,
  type SnapshotNid,
  type StateEntry,
} from '@roomserver/types'
import { passEventsWithIds } from '../view/reads.ts'
import type { EventReferences } from '../evaluate/event-references.ts'
import { type Resolved, resolveAfter } from '../evaluate/resolve.ts'
import type { EvaluateNeed } from '../evaluate/room.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'
import { afterExtremities } from './extremities.ts'
import { isSameSet } from './is-same-set.ts'
import { noteMembership } from './memberships.ts'
import { stateOf } from '../evaluate/state-changes.ts'

/** The states that the state before an event is resolved from, or what is missing to tell. */
export type StatesBefore =
  | { readonly known: true; readonly states: ReadonlySet<SnapshotNid> }
  | { readonly known: false; readonly missing: readonly EventId[] }

/** A state that was given by its events, or those of them that are missing. */
export type GivenState =
  | { readonly known: true; readonly snapshot: SnapshotNid }
  | { readonly known: false; readonly missing: readonly EventId[] }

/**
 * Finds the states that the state before an event is resolved from: those after all its prev events. Remote state stands in
 * for those that are missing, and for them alone; where it rewrites the room, it is taken as it is.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export function* statesBefore(
  draft: Draft,
  { pdu, stateBefore: given }: EventInput,
  { prev, auth }: EventReferences,
): Suspendable<DecideNeed, StatesBefore> {
  const afters = prev.map((record) => record.after)
  if (given === undefined) return { known: true, states: new Set(afters) }
  const ids = beforeItself(draft, given.eventIds, pdu, auth)
  const state = yield* givenState(draft, ids, (record) => noteMembership(draft, record))
  if (!state.known) return state
  const states = given.by === 'rewrite' ? [state.snapshot] : [...afters, state.snapshot]
  return { known: true, states: new Set(states) }
}

/** Resolves the states before an event: where they are those after the forward extremities, that is the current state. */
export function* resolveBefore(
  draft: Draft,
  states: ReadonlySet<SnapshotNid>,
): Suspendable<EvaluateNeed, Resolved> {
  const { current } = draft.room
  if (current !== NO_NID && isSameSet(states, yield* afterExtremities(draft)))
    return { snapshot: current, conflicted: [] }
  return yield* resolveAfter(draft, states)
}

/**
 * A state that holds the event itself is the one after it: peeking servers are given that. In its place was before, as far
 * as anything is known of it, what the event references.
 */
function beforeItself(
  draft: Draft,
  given: readonly EventId[],
  { eventId, type, stateKey }: Pdu,
  auth: EventReferences['auth'],
): readonly EventId[] {
  if (!given.includes(eventId)) return given
  const referenced = [...auth.values()].map((record) => draft.view.pduOf(record, draft.rules))
  const replaced = referenced.filter((one) => one.type === type && one.stateKey === stateKey)
  return [...given.filter((id) => id !== eventId), ...replaced.map((one) => one.eventId)]
}

/** How many events of a state are looked up before it is seen whether too many are missing. */
const CHUNK = 1_000
/** A state of which so many events are missing is not looked at any further. */
const MAX_MISSING = 1_000

/**
 * A state of these events, without those that were rejected or are not state events of this room. Where the
 * room ID names the create event, it is in every state of the room, whether it is listed or not.
 *
 * @param see - called with each that has, while it is held
 */
export function* givenState(
  draft: Draft,
  ids: readonly EventId[],
  see: (record: EventRecord) => void = () => undefined,
): Suspendable<DecideNeed, GivenState> {
  const create = createIdOf({ roomId: draft.room.roomId, rules: draft.rules })
  const all = create === undefined || ids.includes(create) ? ids : [...ids, create]
  const missing: EventId[] = []
  const entries: StateEntry[] = []
  for (let from = 0; from < all.length; from += CHUNK) {
    const chunk = all.slice(from, from + CHUNK)
    yield* passEventsWithIds(draft.view, chunk, (record, index) => {
      if (record === null) missing.push(chunk[index] ?? '')
      else if (isStateOf(draft, record)) {
        see(record)
        entries.push({ type: record.typeNid, stateKey: record.stateKeyNid, event: record.nid })
      }
    })
    if (missing.length >= MAX_MISSING) break
  }
  if (missing.length > 0) return { known: false, missing }
  return { known: true, snapshot: yield* stateOf(draft, entries) }
}

function isStateOf(draft: Draft, { roomNid, stateKeyNid, verdict }: EventRecord): boolean {
  return roomNid === draft.read.nid && stateKeyNid !== NO_NID && !isRejected(verdict)
}
