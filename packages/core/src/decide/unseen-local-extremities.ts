import { lookup } from '@roomserver/state'
import {
  type Suspendable,
  type EventNid,
  type EventRecord,
  NO_NID,
  serverOf,
  type SnapshotNid,
} from '@roomserver/types'
import { eventsInGraph, eventsOf } from '../view/reads.ts'
import { snapshotOf } from '../view/state-at.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'

/** How many events of our own are looked through. */
const MAX_WALK = 100

/**
 * Forward extremities that go on beside an event which came with the state before it: what users of ours did when they
 * were last in the room, and the server that let one of them in again has not heard of, such as that another one left.
 * The next event of the room is built upon them too, and so the others hear of them after all. That the one who comes
 * back had left does not count any more.
 */
export function* unseenLocalExtremities(
  draft: Draft,
  back: EventRecord,
): Suspendable<DecideNeed, readonly EventNid[]> {
  const unseen = new Set<EventNid>()
  let extremities: readonly EventRecord[] = yield* eventsOf(draft.view, draft.room.extremities)
  for (let walked = 0; extremities.length > 0 && walked < MAX_WALK; walked += extremities.length) {
    const before: EventRecord[] = []
    for (const extremity of extremities) {
      if (isSameEntry(extremity, back)) before.push(...(yield* prevOf(draft, extremity)))
      else if (yield* isUnseen(draft, extremity, back)) unseen.add(extremity.nid)
    }
    extremities = before
  }
  return [...unseen]
}

/**
 * Whether the state that `back` came with has the very entry that an event of ours replaced: the last one, or one that
 * others of ours since are built upon, back to where it has the event itself. That the one who comes back was in before is
 * told by their coming back.
 */
function* isUnseen(
  draft: Draft,
  extremity: EventRecord,
  back: EventRecord,
): Suspendable<DecideNeed, boolean> {
  const walk = new Map([[extremity.nid, extremity]])
  for (const event of walk.values()) {
    if (walk.size > MAX_WALK || !isOurs(draft, event)) continue
    if (event.stateKeyNid !== NO_NID && !isSameEntry(event, back)) {
      const there = yield* entryOf(draft, back.before, event)
      if (there === (yield* entryOf(draft, event.before, event))) return true
      if (there === event.nid) continue
    }
    for (const prev of yield* prevOf(draft, event)) walk.set(prev.nid, prev)
  }
  return false
}

function* prevOf(
  { view, rules }: Draft,
  event: EventRecord,
): Suspendable<DecideNeed, readonly EventRecord[]> {
  return yield* eventsInGraph(view, view.pduOf(event, rules).prevEvents)
}

function isOurs({ view, rules, context }: Draft, event: EventRecord): boolean {
  return serverOf(view.pduOf(event, rules).sender) === context.serverName
}

function isSameEntry(one: EventRecord, other: EventRecord): boolean {
  return one.typeNid === other.typeNid && one.stateKeyNid === other.stateKeyNid
}

/** What a state has in the place of an event. */
function* entryOf(
  { view }: Draft,
  state: SnapshotNid,
  { typeNid, stateKeyNid }: EventRecord,
): Suspendable<DecideNeed, EventNid> {
  return yield* lookup(yield* snapshotOf(view, state), typeNid, stateKeyNid, view)
}
