import { MAX_PREV_EVENTS } from '@roomserver/events'
import type { Suspendable, EventNid, EventRecord, RoomRecord, SnapshotNid } from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import { stateForTuples, type StateTuple } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { rulesOf } from '../output/headered.ts'
import { entriesOfState, resolved } from './known-state.ts'

/** How many extremities are looked at before others get a turn. */
const CHUNK = 50

/** The entries of the state that decide about an event, and what they have to be before it. */
export interface WantedBefore {
  readonly tuples: readonly StateTuple[]
  /** Whether other events in these places than the current state's will do, too; they are in the order of `tuples`. */
  readonly willDo?: (events: readonly EventNid[]) => Suspendable<Need, boolean>
}

/**
 * The events that a new one builds on: the forward extremities. Where there are more than an event may name, some that
 * have the wanted entries of the current state come first and the deepest of the others after them, as long as the
 * state that these resolve to has the entries as well; otherwise the first alone. So nobody can keep our users from
 * speaking by extremities at which our users are not in the room, however many and however deep.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export function* prevEventsFor(
  view: View,
  room: RoomRecord,
  wanted: WantedBefore,
): Suspendable<Need, readonly EventRecord[]> {
  const extremities = yield* eventsOf(view, room.extremities)
  if (extremities.length <= MAX_PREV_EVENTS) return extremities
  const current = yield* stateForTuples(view, room.current, wanted.tuples)
  const holders = yield* holdersOf(view, extremities, wanted.tuples, current)
  const deepest = extremities.toSorted((a, b) => b.depth - a.depth)
  const filled = [...new Set([...holders, ...deepest])].slice(0, MAX_PREV_EVENTS)
  for (const prev of [filled, holders, ...holders.map((one) => [one])]) {
    if (yield* isGood(view, room, prev, current, wanted)) return prev
  }
  return filled
}

/** As few extremities as have all entries that the current state has between them: those that have most come first. */
function* holdersOf(
  view: View,
  extremities: readonly EventRecord[],
  tuples: readonly StateTuple[],
  current: readonly EventNid[],
): Suspendable<Need, readonly EventRecord[]> {
  const shared = yield* sharedEntries(view, extremities, tuples, current)
  const open = new Set(tuples.keys())
  const holders: EventRecord[] = []
  while (open.size > 0 && holders.length < MAX_PREV_EVENTS) {
    const gains = extremities.map(({ after }) => (shared.get(after) ?? []).filter((one) => open.has(one)))
    const most = gains.reduce(
      (best, gain, index) => (gain.length > (gains[best]?.length ?? 0) ? index : best),
      0,
    )
    const [holder, gain = []] = [extremities[most], gains[most]]
    if (holder === undefined || gain.length === 0) break
    holders.push(holder)
    for (const one of gain) open.delete(one)
  }
  return holders
}

/** For each state after an extremity, the numbers of the tuples at which it agrees with the current state. */
function* sharedEntries(
  view: View,
  extremities: readonly EventRecord[],
  tuples: readonly StateTuple[],
  current: readonly EventNid[],
): Suspendable<Need, ReadonlyMap<SnapshotNid, readonly number[]>> {
  const shared = new Map<SnapshotNid, readonly number[]>()
  for (const { after } of extremities) {
    if (shared.has(after)) continue
    const events = yield* stateForTuples(view, after, tuples)
    shared.set(
      after,
      [...tuples.keys()].filter((index) => events[index] === current[index]),
    )
    if (shared.size % CHUNK === 0) yield undefined
  }
  return shared
}

/** Whether the state before an event with these prev events has the wanted entries. */
function* isGood(
  view: View,
  room: RoomRecord,
  prev: readonly EventRecord[],
  current: readonly EventNid[],
  { tuples, willDo }: WantedBefore,
): Suspendable<Need, boolean> {
  if (prev.length === 0) return false
  const states = [...new Set(prev.map(({ after }) => after))]
  const events = yield* entriesOfState(view, yield* resolved(view, states, rulesOf(room)), tuples)
  if (events.every((nid, index) => nid === current[index])) return true
  return willDo !== undefined && (yield* willDo(events))
}
