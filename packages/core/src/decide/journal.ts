import type { StateChange, WeighedEntry } from '@roomserver/state'
import { type Asking, type EventRecord, type JournalCause, NO_NID } from '@roomserver/types'
import { eventsOf } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import type { Draft } from './draft.ts'

/**
 * Notes each change of the current state with its cause.
 *
 * @param source - what was weighed where states had to be resolved, or `rewrite`: the state was given from outside
 */
export function* keepJournal(
  draft: Draft,
  record: EventRecord,
  changes: readonly StateChange[],
  source: readonly WeighedEntry[] | 'rewrite',
): Asking<Need, void> {
  const events = yield* eventsOf(draft.view, [
    ...new Set(changes.flatMap(({ from, to }) => [from, to]).filter((nid) => nid !== NO_NID)),
  ])
  const byNid = new Map(events.map((event) => [event.nid, event]))
  for (const change of changes) {
    const cause = causeOf(record, change, source)
    const reset = change.to !== record.nid && isFallback(byNid.get(change.from), byNid.get(change.to))
    draft.addJournal({ ...change, cause, reset })
  }
}

function causeOf(
  record: EventRecord,
  change: StateChange,
  source: readonly WeighedEntry[] | 'rewrite',
): JournalCause {
  if (source === 'rewrite') return { kind: 'rewrite', event: record.nid }
  const entry = source.findLast(({ type, stateKey }) => type === change.type && stateKey === change.stateKey)
  if (entry === undefined) return { kind: 'event', event: record.nid }
  return { kind: 'resolution', event: record.nid, weighed: entry.candidates }
}

/** A state reset: an entry goes back to an older event, or to none. */
function isFallback(from: EventRecord | undefined, to: EventRecord | undefined): boolean {
  if (from === undefined) return false
  return to === undefined || to.depth < from.depth || (to.depth === from.depth && to.nid < from.nid)
}
