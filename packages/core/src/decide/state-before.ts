import {
  type Asking,
  isRejected,
  NO_NID,
  type EventId,
  type EventRecord,
  type StateEntry,
} from '@roomserver/types'
import { passEventsWithIds } from '../view/asking.ts'
import type { Citations } from './citations.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'
import { afterExtremities, type Resolved, resolveAfter } from './resolve.ts'
import { sameSet } from './same-set.ts'
import { stateOf } from './state-changes.ts'

/** The state before an event, or what is missing to tell it. */
export type StateBefore =
  | (Resolved & { readonly known: true })
  | { readonly known: false; readonly missing: readonly EventId[] }

/**
 * Works out the state before an event: as it was given, or the state after its prev events, resolved where they
 * differ.
 *
 * @see https://spec.matrix.org/v1.16/server-server-api/#room-state-resolution
 */
export function* stateBefore(
  draft: Draft,
  { stateBefore: given }: EventInput,
  { prev }: Citations,
): Asking<DecideNeed, StateBefore> {
  if (given !== undefined) return yield* givenState(draft, given.eventIds)
  const afters = [...new Set(prev.map((record) => record.after))]
  const { current } = draft.room
  if (current !== NO_NID && sameSet(afters, yield* afterExtremities(draft)))
    return { known: true, snapshot: current, weighed: [] }
  return { known: true, ...(yield* resolveAfter(draft, afters)) }
}

/** A state of these events; those that were rejected, or are no state events of this room, have no place in it. */
export function* givenState(draft: Draft, ids: readonly EventId[]): Asking<DecideNeed, StateBefore> {
  const missing: EventId[] = []
  const entries: StateEntry[] = []
  yield* passEventsWithIds(draft.view, ids, (record, index) => {
    if (record === null) missing.push(ids[index] ?? '')
    else if (isStateOf(draft, record)) {
      entries.push({ type: record.typeNid, stateKey: record.stateKeyNid, event: record.nid })
    }
  })
  if (missing.length > 0) return { known: false, missing }
  return { known: true, snapshot: yield* stateOf(draft, entries), weighed: [] }
}

function isStateOf(draft: Draft, { roomNid, stateKeyNid, verdict }: EventRecord): boolean {
  return roomNid === draft.read.nid && stateKeyNid !== NO_NID && !isRejected(verdict)
}
