import type { EventNid, EventTypeNid, SnapshotRecord, StateKeyNid, Suspendable } from '@roomserver/types'
import { NO_NID } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { divergences } from '../../snapshot/difference.ts'
import { NO_ENTRIES } from '../../snapshot/entries.ts'
import { layersOf } from '../../snapshot/reader.ts'
import { fullConflictedSet } from '../full-conflicted-set.ts'
import { conflictsOf, placesOf } from '../resolve-snapshots.ts'
import { SnapshotGraph } from '../snapshot-graph.ts'
import type { ResolutionNeed, SnapshotReader } from '../snapshot-reader.ts'

type Blocks = Pick<SnapshotRecord, 'blocks'>

/** An entry that a state has otherwise than the base. */
export interface DifferingEntry {
  readonly type: string
  readonly stateKey: string
  readonly typeNid: EventTypeNid
  readonly stateKeyNid: StateKeyNid
  /** What the state has; 0: nothing. */
  readonly event: EventNid
}

/** How a state differs from the base: the conflicted entries and the full conflicted set of these two. */
export interface DifferenceFromBase {
  readonly entries: readonly DifferingEntry[]
  readonly events: readonly EventNid[]
}

/** Of a state that is the base itself, or has no part in the resolution. */
export const NO_DIFFERENCE: DifferenceFromBase = { entries: [], events: [] }

/**
 * Compares a state with the base.
 *
 * The full conflicted set of many states is all that the full conflicted sets of one of them with each of the others
 * hold: an event that some have in their auth chains and others do not, this one either has or has not.
 */
export function* differenceFromBase(
  base: Blocks,
  state: Blocks,
  reader: SnapshotReader,
  rules: RoomVersionRules,
): Suspendable<ResolutionNeed, DifferenceFromBase> {
  const diverging = yield* divergences([base, state], reader)
  if (diverging.length === 0) return NO_DIFFERENCE
  const graph = new SnapshotGraph(reader, rules, {
    blocks: base.blocks,
    layers: yield* layersOf(base, reader),
    agreed: NO_ENTRIES,
    isConflicted: placesOf(diverging),
  })
  const conflicts = yield* conflictsOf(graph, diverging)
  const full = yield* fullConflictedSet({
    rules,
    setCount: 2,
    conflicts,
    graph,
    create: undefined,
    chain: 'as-deployed',
    recorder: undefined,
  })
  const entries = diverging.map(({ type: typeNid, stateKey: stateKeyNid, events }, index) => ({
    type: conflicts[index]?.type ?? '',
    stateKey: conflicts[index]?.stateKey ?? '',
    typeNid,
    stateKeyNid,
    event: events[1]?.value ?? NO_NID,
  }))
  return { entries, events: Array.from(full, ({ nid }) => nid) }
}
