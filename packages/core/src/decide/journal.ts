import type { StateChange } from '@roomserver/state'
import {
  type Asking,
  type EventNid,
  type EventRecord,
  type JournalCause,
  NO_NID,
  type SnapshotNid,
} from '@roomserver/types'
import { eventsOf } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import { stateEventNid } from '../view/state-at.ts'
import type { Draft } from './draft.ts'

/**
 * Notes each change of the current state with its cause.
 *
 * @param source - the states that the current one was resolved from, or `rewrite`: it was given from outside
 */
export function* keepJournal(
  draft: Draft,
  record: EventRecord,
  changes: readonly StateChange[],
  source: readonly SnapshotNid[] | 'rewrite',
): Asking<Need, void> {
  const events = yield* eventsOf(draft.view, [
    ...new Set(changes.flatMap(({ from, to }) => [from, to]).filter((nid) => nid !== NO_NID)),
  ])
  const byNid = new Map(events.map((event) => [event.nid, event]))
  for (const change of changes) {
    const cause = yield* causeOf(draft, record, change, source)
    const reset = change.to !== record.nid && isFallback(byNid.get(change.from), byNid.get(change.to))
    draft.addJournal({ ...change, cause, reset })
  }
}

function* causeOf(
  draft: Draft,
  record: EventRecord,
  change: StateChange,
  source: readonly SnapshotNid[] | 'rewrite',
): Asking<Need, JournalCause> {
  if (source === 'rewrite') return { kind: 'rewrite', event: record.nid }
  if (source.length < 2) return { kind: 'event', event: record.nid }
  const weighed = new Set<EventNid>()
  for (const state of source) {
    const candidate = yield* stateEventNid(draft.view, state, change.type, change.stateKey)
    if (candidate !== NO_NID) weighed.add(candidate)
  }
  return { kind: 'resolution', event: record.nid, weighed: [...weighed] }
}

/** A state reset: an entry goes back to an older event, or to none. */
function isFallback(from: EventRecord | undefined, to: EventRecord | undefined): boolean {
  if (from === undefined) return false
  return to === undefined || to.depth < from.depth || (to.depth === from.depth && to.nid < from.nid)
}
