import {
  type Asking,
  type EventNid,
  type EventTypeNid,
  NO_NID,
  RoomserverError,
  type SnapshotRecord,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { type Divergence, divergences } from '../snapshot/difference.ts'
import { entriesFrom } from '../snapshot/entries.ts'
import { layersOf } from '../snapshot/reader.ts'
import { createScribe, type ResolutionAccount } from './account.ts'
import type { EventNode } from './event-node.ts'
import { namedCreate } from './named-create.ts'
import type { ChainReading, Conflict, Problem } from './problem.ts'
import { solve } from './solve.ts'
import { SnapshotGraph } from './snapshot-graph.ts'
import type { ResolutionNeed, SnapshotReader } from './snapshot-reader.ts'

/** How to resolve snapshots. */
export interface SnapshotResolveOptions {
  readonly rules: RoomVersionRules
  /** How auth chains of state sets are read; `production` unless said otherwise. */
  readonly chain?: ChainReading | undefined
  /** Whether to write down how the result came about; costs nothing when it is not asked for. */
  readonly account?: boolean | undefined
}

/** An entry of the result that the base has otherwise. */
export interface ResolvedChange extends StateEntry {
  /** What the base has; 0: nothing. */
  readonly from: EventNid
}

/** An entry that the snapshots did not agree upon. */
export interface WeighedEntry {
  readonly type: EventTypeNid
  readonly stateKey: StateKeyNid
  /** The events that stood against each other, each once; where some snapshot had none it is not listed. */
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
  readonly weighed: readonly WeighedEntry[]
  /** How it came about, when that was asked for. */
  readonly account: ResolutionAccount | undefined
}

/**
 * Resolves state snapshots of a room by the algorithm of its version. What the snapshots share is neither copied nor
 * walked: the cost follows what differs.
 *
 * @param snapshots - at least one, in any order
 * @throws {RoomserverError} STORE_DAMAGED when a piece that is referred to does not exist
 * @see https://spec.matrix.org/v1.16/server-server-api/#room-state-resolution
 */
export function* resolveSnapshots(
  snapshots: readonly Pick<SnapshotRecord, 'blocks'>[],
  reader: SnapshotReader,
  options: SnapshotResolveOptions,
): Asking<ResolutionNeed, SnapshotResolution> {
  const diverging = yield* divergences(snapshots, reader)
  const [first] = snapshots
  if (first === undefined || diverging.length === 0) {
    return { base: 0, changes: [], weighed: [], account: undefined }
  }
  const conflicting = diverging.filter((one) => isConflict(one, options.rules))
  const agreed = diverging.filter((one) => !isConflict(one, options.rules)).map(agreedEntry)
  const graph = new SnapshotGraph(reader, options.rules, {
    blocks: first.blocks,
    layers: yield* layersOf(first, reader),
    agreed: entriesFrom(agreed),
    conflicted: entriesFrom(
      conflicting.map(({ type, stateKey, events }) => ({ type, stateKey, event: events[0] ?? NO_NID })),
    ),
  })
  const conflicts = yield* conflictsOf(graph, conflicting)
  const problem: Problem<ResolutionNeed> = {
    rules: options.rules,
    setCount: snapshots.length,
    conflicts,
    graph,
    create: yield* namedCreate(graph, conflicts, options.rules),
    chain: options.chain ?? 'production',
    scribe: options.account === true ? createScribe() : undefined,
  }
  const settled = yield* solve(problem)
  const weighed = conflicting.map((one, index) => weighedEntry(one, settled.winners[index]))
  const added = settled.additions.map((node) => addedEntry(graph, node))
  return {
    ...cheapest(snapshots.length, diverging, [...weighed.map(winnerOf), ...agreed, ...added]),
    weighed,
    account: problem.scribe?.account(problem, settled),
  }
}

/** To the first algorithm, an entry that some lack and the others agree upon is no conflict. */
function isConflict({ events }: Divergence, rules: RoomVersionRules): boolean {
  if (rules.stateResolution !== 'v1') return true
  return new Set(events.filter((event) => event !== NO_NID)).size > 1
}

function agreedEntry({ type, stateKey, events }: Divergence): StateEntry {
  return { type, stateKey, event: events.find((event) => event !== NO_NID) ?? NO_NID }
}

const CONFLICTS_PER_BREATH = 256

function* conflictsOf(
  graph: SnapshotGraph,
  conflicting: readonly Divergence[],
): Asking<ResolutionNeed, readonly Conflict[]> {
  const conflicts: Conflict[] = []
  for (let from = 0; from < conflicting.length; from += CONFLICTS_PER_BREATH) {
    const portion = conflicting.slice(from, from + CONFLICTS_PER_BREATH)
    yield* graph.nodes(portion.flatMap(({ events }) => events))
    for (const { events } of portion) {
      const nodes = yield* graph.nodes(events)
      const known = nodes.find((node) => node !== undefined)
      if (known === undefined) throw damaged(events)
      conflicts.push({ type: known.pdu.type, stateKey: known.pdu.stateKey ?? '', events: nodes })
    }
    yield undefined
  }
  return conflicts
}

function damaged(events: readonly EventNid[]): RoomserverError<'STORE_DAMAGED'> {
  const what = `the state refers to events which are not stored (NIDs ${events.join(', ')})`
  return new RoomserverError('STORE_DAMAGED', { what, repair: 'roomserver check --repair' }, what)
}

function weighedEntry({ type, stateKey, events }: Divergence, winner: EventNode | undefined): WeighedEntry {
  const candidates = [...new Set(events.filter((event) => event !== NO_NID))]
  return { type, stateKey, candidates, winner: winner?.nid ?? NO_NID }
}

function winnerOf({ type, stateKey, winner }: WeighedEntry): StateEntry {
  return { type, stateKey, event: winner }
}

function addedEntry(graph: SnapshotGraph, node: EventNode): StateEntry {
  const record = graph.recordOf(node)
  return { type: record?.typeNid ?? NO_NID, stateKey: record?.stateKeyNid ?? NO_NID, event: node.nid }
}

/** Chooses the input that the outcome differs least from, and says how. */
function cheapest(
  inputs: number,
  diverging: readonly Divergence[],
  outcome: readonly StateEntry[],
): Pick<SnapshotResolution, 'base' | 'changes'> {
  const before = new Map(diverging.map(({ type, stateKey, events }) => [`${type}/${stateKey}`, events]))
  const changesOf = (input: number): ResolvedChange[] =>
    outcome
      .map((entry) => ({
        ...entry,
        from: before.get(`${entry.type}/${entry.stateKey}`)?.[input] ?? NO_NID,
      }))
      .filter(({ event, from }) => event !== from)
  const all = Array.from({ length: inputs }, (_, input) => changesOf(input))
  const least = Math.min(...all.map((changes) => changes.length))
  const base = all.findIndex((changes) => changes.length === least)
  const changes = (all[base] ?? []).toSorted((a, b) => a.type - b.type || a.stateKey - b.stateKey)
  return { base, changes }
}
