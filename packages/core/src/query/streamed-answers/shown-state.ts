import { blocksOf, type Run, visibleRuns } from '@roomserver/state'
import type { Suspendable, SnapshotNid } from '@roomserver/types'
import { typeNidOf } from '../../view/reads.ts'
import type { Need } from '../../view/record-kinds.ts'
import { snapshotOf } from '../../view/state-at.ts'
import type { View } from '../../view/view.ts'
import { blockSequence, type Sequence } from './sequence.ts'

/** Events of some sequences, in the order of the runs. */
export interface Shown {
  readonly sequences: readonly Sequence[]
  /** Begins from the start each time. One sequence after the other, each from the front. */
  readonly runs: () => Iterable<Run>
}

/** The events that a state shows, by where its blocks have them and in that order. */
export function* shownState(view: View, snapshot: SnapshotNid, type?: string): Suspendable<Need, Shown> {
  const { blocks } = yield* snapshotOf(view, snapshot)
  const typeNid = type === undefined ? undefined : yield* typeNidOf(view, type)
  if (typeNid === null) return { sequences: [], runs: () => [] }
  const records = yield* blocksOf(blocks, view)
  const layers = records.map(({ entries }) => entries)
  return {
    sequences: records.map(({ nid, entries }) => blockSequence(nid, entries)),
    runs: () => visibleRuns(layers, typeNid),
  }
}
