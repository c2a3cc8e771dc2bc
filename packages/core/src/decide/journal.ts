import type { StateChange, ConflictedEntry } from '@roomserver/state'
import { type Suspendable, type EventRecord, type JournalCause, NO_NID } from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import type { Draft } from './draft.ts'

/** After how many changes others get a turn. */
const CHANGES_PER_YIELD = 256

/**
 * Notes each change of the current state with its cause.
 *
 * @param source - the conflicted entries where states had to be resolved, or `rewrite`: the state was given from outside, or
 *   who repaired it
 */
export function* keepJournal(
  draft: Draft,
  record: EventRecord,
  changes: readonly StateChange[],
  source: readonly ConflictedEntry[] | GivenSource,
): Suspendable<Need, void> {
  if (changes.length === 0) return
  const replaced = changes.filter(({ from }) => from !== NO_NID)
  const events = yield* eventsOf(draft.view, [
    ...new Set(replaced.flatMap(({ from, to }) => [from, to]).filter((nid) => nid !== NO_NID)),
  ])
  const byNid = new Map(events.map((event) => [event.nid, event]))
  const conflicted = isGiven(source) ? source : byPlace(source, changes)
  const rewrite: JournalCause = { kind: 'rewrite', event: record.nid }
  for (const [index, change] of changes.entries()) {
    if (index % CHANGES_PER_YIELD === CHANGES_PER_YIELD - 1) yield undefined
    const cause = conflicted === 'rewrite' ? rewrite : causeOf(record, change, conflicted)
    const reset = change.to !== record.nid && isFallback(byNid.get(change.from), byNid.get(change.to))
    draft.addJournal({ ...change, cause, reset })
  }
}

function causeOf(
  record: EventRecord,
  change: StateChange,
  conflicted: ReadonlyMap<string, ConflictedEntry> | Exclude<GivenSource, 'rewrite'>,
): JournalCause {
  if ('repairedBy' in conflicted) return { kind: 'repair', by: conflicted.repairedBy }
  const entry = conflicted.get(placeOf(change))
  if (entry === undefined) return { kind: 'event', event: record.nid }
  return { kind: 'resolution', event: record.nid, conflicted: entry.candidates }
}

/** Where changes come from that no resolution made. */
type GivenSource = 'rewrite' | { readonly repairedBy: string }

function isGiven(source: readonly ConflictedEntry[] | GivenSource): source is GivenSource {
  return source === 'rewrite' || 'repairedBy' in source
}

/** The conflicted entries that changed: few, where branches disagree about much. */
function byPlace(
  conflicted: readonly ConflictedEntry[],
  changes: readonly StateChange[],
): ReadonlyMap<string, ConflictedEntry> {
  const changed = new Set(changes.map(({ stateKey }) => stateKey))
  const ofThem = conflicted.filter(({ stateKey }) => changed.has(stateKey))
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
