import {
  type Suspendable,
  type EventNid,
  type EventTypeNid,
  NO_NID,
  RoomserverError,
  type SnapshotRecord,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { byBlocks, type Divergence, divergences } from '../snapshot/difference.ts'
import { entriesFrom, findEvent } from '../snapshot/entries.ts'
import { layersOf } from '../snapshot/reader.ts'
import { mapRuns } from '../snapshot/runs.ts'
import type { EventNode } from './event-node.ts'
import { namedCreate } from './named-create.ts'
import type { Conflict, ConflictedState } from './conflicted-state.ts'
import { recordTrace, reordered } from './record-trace.ts'
import { runAlgorithm } from './run-algorithm.ts'
import { SnapshotGraph } from './snapshot-graph.ts'
import type { ResolutionNeed, SnapshotReader } from './snapshot-reader.ts'
import type { ChainReading, ResolutionTrace } from './trace.ts'

/** How to resolve snapshots. */
export interface SnapshotResolveOptions {
  readonly rules: RoomVersionRules
  /** How auth chains of state sets are read; `as-deployed` unless said otherwise. */
  readonly chain?: ChainReading | undefined
  /** Whether to write down how the result came about; costs nothing when it is not asked for. */
  readonly trace?: boolean | undefined
}

/** An entry of the result that the base has otherwise. */
export interface ResolvedChange extends StateEntry {
  /** What the base has; 0: nothing. */
  readonly from: EventNid
}

/** An entry that the snapshots did not agree upon. */
export interface ConflictedEntry {
  readonly type: EventTypeNid
  readonly stateKey: StateKeyNid
  /** The events that stood against each other, each once, the oldest first; where some snapshot had none it is not listed. */
  readonly candidates: readonly EventNid[]
  /** 0: none. */
  readonly winner: EventNid
}

/** The outcome of a resolution: what makes it out of one of the inputs, ready for `applyChanges`. */
export interface SnapshotResolution {
  /** The number of the input that the changes are against: the one that needs the fewest. */
  readonly base: number
  /** Sorted by type and state key. */
  readonly changes: readonly ResolvedChange[]
  readonly conflicted: readonly ConflictedEntry[]
  /** How it came about, when that was asked for. */
  readonly trace: ResolutionTrace | undefined
}

/**
 * Resolves state snapshots of a room by the algorithm of its version. What the snapshots share is neither copied nor
 * walked: the cost follows what differs.
 *
 * @param snapshots - at least one, in any order
 * @throws {RoomserverError} STORE_DAMAGED if a referenced block or event does not exist
 * @see https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export function* resolveSnapshots(
  snapshots: readonly Pick<SnapshotRecord, 'blocks'>[],
  reader: SnapshotReader,
  options: SnapshotResolveOptions,
): Suspendable<ResolutionNeed, SnapshotResolution> {
  const order = byBlocks(snapshots)
  const sorted = order.flatMap((index) => snapshots[index] ?? [])
  const { trace, ...outcome } = yield* resolveSorted(sorted, order, reader, options)
  return { ...outcome, trace: trace === undefined ? undefined : reordered(trace, order) }
}

/** @param order - for each snapshot its number among those that the caller gave */
function* resolveSorted(
  snapshots: readonly Pick<SnapshotRecord, 'blocks'>[],
  order: readonly number[],
  reader: SnapshotReader,
  options: SnapshotResolveOptions,
): Suspendable<ResolutionNeed, SnapshotResolution> {
  const diverging = yield* divergences(snapshots, reader)
  const [first] = snapshots
  if (first === undefined || diverging.length === 0) {
    return { base: 0, changes: [], conflicted: [], trace: undefined }
  }
  const { conflicting, agreeing } = parted(diverging, options.rules)
  const agreed = agreeing.map(agreedEntry)
  const graph = new SnapshotGraph(reader, options.rules, {
    blocks: first.blocks,
    layers: yield* layersOf(first, reader),
    agreed: entriesFrom(agreed),
    isConflicted: placesOf(conflicting),
  })
  const conflicts = yield* conflictsOf(graph, conflicting)
  const notes = options.trace === true ? recordTrace() : undefined
  const conflicted: ConflictedState<ResolutionNeed> = {
    rules: options.rules,
    setCount: snapshots.length,
    conflicts,
    graph,
    create: yield* namedCreate(graph, conflicts, options.rules),
    chain: options.chain ?? 'as-deployed',
    recorder: notes,
  }
  const resolved = yield* runAlgorithm(conflicted)
  const entries = conflicting.map((one, index) => conflictedEntry(one, resolved.winners[index]))
  const outcome = [
    ...entries.map(({ stateKey, type, winner }, index) => ({
      entry: { type, stateKey, event: winner },
      before: conflicting[index]?.events ?? [],
    })),
    ...agreed.map((entry, index) => ({ entry, before: agreeing[index]?.events ?? [] })),
    ...resolved.additions.map((node) => ({ entry: addedEntry(graph, node), before: [] })),
  ]
  return {
    ...cheapest(order, outcome),
    conflicted: entries,
    trace: notes?.trace(conflicted, resolved),
  }
}

/** For the first algorithm, an entry that some lack and on which the others agree is not conflicted. */
function parted(
  diverging: readonly Divergence[],
  rules: RoomVersionRules,
): { readonly conflicting: readonly Divergence[]; readonly agreeing: readonly Divergence[] } {
  if (rules.stateResolution !== 'v1') return { conflicting: diverging, agreeing: [] }
  const isConflict = ({ events }: Divergence): boolean => eventsAmong(events).length > 1
  return {
    conflicting: diverging.filter(isConflict),
    agreeing: diverging.filter((one) => !isConflict(one)),
  }
}

function agreedEntry({ type, stateKey, events }: Divergence): StateEntry {
  return { type, stateKey, event: eventsAmong(events)[0] ?? NO_NID }
}

/** The events that some state has for an entry, each once, the oldest first. */
function eventsAmong(events: Divergence['events']): readonly EventNid[] {
  const found: EventNid[] = []
  for (const { value } of events) if (value !== NO_NID) found.push(value)
  found.sort((a, b) => a - b)
  return found.filter((event, index) => event !== found[index - 1])
}

/** Whether an entry is one of these. */
export function placesOf(
  diverging: readonly Divergence[],
): (typeNid: number, stateKeyNid: number) => boolean {
  const places = entriesFrom(diverging.map(({ type, stateKey }) => ({ type, stateKey, event: NO_NID })))
  return (typeNid, stateKeyNid) => findEvent(places, typeNid, stateKeyNid) !== undefined
}

const CONFLICTS_PER_YIELD = 256

/** Diverging entries as the algorithm looks at them. */
export function* conflictsOf(
  graph: SnapshotGraph,
  conflicting: readonly Divergence[],
): Suspendable<ResolutionNeed, readonly Conflict[]> {
  const conflicts: Conflict[] = []
  for (let from = 0; from < conflicting.length; from += CONFLICTS_PER_YIELD) {
    const portion = conflicting.slice(from, from + CONFLICTS_PER_YIELD)
    yield* graph.fetch(portion.flatMap(({ events }) => events.map(({ value }) => value)))
    for (const { events } of portion) {
      const nodes = mapRuns(events, (nid) => graph.node(nid))
      const known = nodes.find(({ value }) => value !== undefined)?.value
      if (known === undefined) throw damaged(eventsAmong(events))
      conflicts.push({ type: known.pdu.type, stateKey: known.pdu.stateKey ?? '', events: nodes })
    }
    yield undefined
  }
  return conflicts
}

function damaged(events: readonly EventNid[]): RoomserverError<'STORE_DAMAGED'> {
  const what = `the state refers to ${events.length} events which are not stored`
  return new RoomserverError('STORE_DAMAGED', { what, repair: 'roomserver check --repair' }, what)
}

function conflictedEntry(
  { type, stateKey, events }: Divergence,
  winner: EventNode | undefined,
): ConflictedEntry {
  return { type, stateKey, candidates: eventsAmong(events), winner: winner?.nid ?? NO_NID }
}

function addedEntry(graph: SnapshotGraph, node: EventNode): StateEntry {
  const record = graph.recordOf(node)
  return { type: record?.typeNid ?? NO_NID, stateKey: record?.stateKeyNid ?? NO_NID, event: node.nid }
}

/** An entry of the outcome, and what the inputs have in its place. */
interface OutcomeEntry {
  readonly entry: StateEntry
  /** Empty where none has anything. */
  readonly before: Divergence['events']
}

/**
 * Chooses the input that the outcome differs least from, and says how.
 *
 * @param order - for each input its number among those that the caller gave; of several equally near the lowest counts
 */
function cheapest(
  order: readonly number[],
  outcome: readonly OutcomeEntry[],
): Pick<SnapshotResolution, 'base' | 'changes'> {
  const input = nearest(order, outcome)
  const changes = outcome.flatMap(({ before, entry }): readonly ResolvedChange[] => {
    const from = before.find(({ to }) => to > input)?.value ?? NO_NID
    return entry.event === from ? [] : [{ ...entry, from }]
  })
  return {
    base: order[input] ?? 0,
    changes: changes.toSorted((a, b) => a.type - b.type || a.stateKey - b.stateKey),
  }
}

/** The input that has the fewest entries other than the outcome. */
function nearest(order: readonly number[], outcome: readonly OutcomeEntry[]): number {
  // By how much each input has more of them than the one before it.
  const steps = new Int32Array(order.length + 1)
  for (const { before, entry } of outcome) {
    let from = 0
    for (const { to, value } of before) {
      if (value !== entry.event) {
        steps[from] = (steps[from] ?? 0) + 1
        steps[to] = (steps[to] ?? 0) - 1
      }
      from = to
    }
  }
  let best = 0
  let [count, fewest] = [0, Infinity]
  for (const [input, number] of order.entries()) {
    count += steps[input] ?? 0
    if (count > fewest || (count === fewest && number > (order[best] ?? 0))) continue
    best = input
    fewest = count
  }
  return best
}
