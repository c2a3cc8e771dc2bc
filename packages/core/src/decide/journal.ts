import type { StateChange, WeighedEntry } from '@roomserver/state'
import { type Suspendable, type EventRecord, type JournalCause, NO_NID } from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import type { Need } from '../view/need.ts'
import type { Draft } from './draft.ts'

/** After how many changes others get a turn. */
const CHANGES_PER_YIELD = 256

/**
 * Notes each change of the current state with its cause.
 *
 * @param source - what was weighed where states had to be resolved, or `rewrite`: the state was given from outside, or
 *   who repaired it
 */
export function* keepJournal(
  draft: Draft,
  record: EventRecord,
  changes: readonly StateChange[],
  source: readonly WeighedEntry[] | GivenSource,
): Suspendable<Need, void> {
  if (changes.length === 0) return
  const replaced = changes.filter(({ from }) => from !== NO_NID)
  const events = yield* eventsOf(draft.view, [
    ...new Set(replaced.flatMap(({ from, to }) => [from, to]).filter((nid) => nid !== NO_NID)),
  ])
  const byNid = new Map(events.map((event) => [event.nid, event]))
  const weighed = isGiven(source) ? source : byPlace(source, changes)
  const rewrite: JournalCause = { kind: 'rewrite', event: record.nid }
  for (const [index, change] of changes.entries()) {
    if (index % CHANGES_PER_YIELD === CHANGES_PER_YIELD - 1) yield undefined
    const cause = weighed === 'rewrite' ? rewrite : causeOf(record, change, weighed)
    const reset = change.to !== record.nid && isFallback(byNid.get(change.from), byNid.get(change.to))
    draft.addJournal({ ...change, cause, reset })
  }
}

function causeOf(
  record: EventRecord,
  change: StateChange,
  weighed: ReadonlyMap<string, WeighedEntry> | Exclude<GivenSource, 'rewrite'>,
): JournalCause {
  if ('repairedBy' in weighed) return { kind: 'repair', by: weighed.repairedBy }
  const entry = weighed.get(placeOf(change))
  if (entry === undefined) return { kind: 'event', event: record.nid }
  return { kind: 'resolution', event: record.nid, weighed: entry.candidates }
}

/** Where changes come from that nothing was weighed for. */
type GivenSource = 'rewrite' | { readonly repairedBy: string }

function isGiven(source: readonly WeighedEntry[] | GivenSource): source is GivenSource {
  return source === 'rewrite' || 'repairedBy' in source
}

/** What was weighed for the entries that changed: few, where branches disagree about much. */
function byPlace(
  weighed: readonly WeighedEntry[],
  changes: readonly StateChange[],
): ReadonlyMap<string, WeighedEntry> {
  const changed = new Set(changes.map(({ stateKey }) => stateKey))
  const ofThem = weighed.filter(({ stateKey }) => changed.has(stateKey))
  return new Map(ofThem.map((entry) => [placeOf(entry), entry]))
}

function placeOf({ type, stateKey }: Pick<StateChange, 'type' | 'stateKey'>): string {
  return `${type}/${stateKey}`
}

/** A state reset: an entry goes back to an older event, or to none. */
function isFallback(from: EventRecord | undefined, to: EventRecord | undefined): boolean {
  if (from === undefined) return false
  return to === undefined || to.depth < from.depth || (to.depth === from.depth && to.nid < from.nid)
}
