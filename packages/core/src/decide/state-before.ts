import { createIdOf } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import {
  type Suspendable,
  isRejected,
  NO_NID,
  type EventId,
  type EventRecord,
  type StateEntry,
} from '@roomserver/types'
import { passEventsWithIds } from '../view/reads.ts'
import type { EventReferences } from './event-references.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput } from './event-input.ts'
import { noteMembership } from './memberships.ts'
import { afterExtremities, type Resolved, resolveAfter } from './resolve.ts'
import { sameSet } from './same-set.ts'
import { stateOf } from './state-changes.ts'

/** The state before an event, or what is missing to tell it. */
export type StateBefore =
  | (Resolved & { readonly known: true })
  | { readonly known: false; readonly missing: readonly EventId[] }

/**
 * Works out the state before an event: the resolution of the states after all its prev events. Remote state stands in for
 * those that are missing, and for them alone; where it rewrites the room, it is taken as it is.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export function* stateBefore(
  draft: Draft,
  { pdu, stateBefore: given }: EventInput,
  { prev, auth }: EventReferences,
): Suspendable<DecideNeed, StateBefore> {
  const afters = [...new Set(prev.map((record) => record.after))]
  if (given !== undefined) {
    const ids = beforeItself(draft, given.eventIds, pdu, auth)
    const state = yield* givenState(draft, ids, (record) => noteMembership(draft, record))
    if (!state.known || given.by === 'rewrite') return state
    return { known: true, ...(yield* resolveAfter(draft, [...new Set([...afters, state.snapshot])])) }
  }
  const { current } = draft.room
  if (current !== NO_NID && sameSet(afters, yield* afterExtremities(draft)))
    return { known: true, snapshot: current, conflicted: [] }
  return { known: true, ...(yield* resolveAfter(draft, afters)) }
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
): Suspendable<DecideNeed, StateBefore> {
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
  return { known: true, snapshot: yield* stateOf(draft, entries), conflicted: [] }
}

function isStateOf(draft: Draft, { roomNid, stateKeyNid, verdict }: EventRecord): boolean {
  return roomNid === draft.read.nid && stateKeyNid !== NO_NID && !isRejected(verdict)
}
