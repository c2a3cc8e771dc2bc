import { blocksOf, type Run, visibleRuns } from '@roomserver/state'
import { type Asking, type BlockRecord, type EventTypeNid, NO_NID, type SnapshotNid } from '@roomserver/types'
import { typeNidOf } from '../../view/asking.ts'
import type { Need } from '../../view/need.ts'
import { snapshotOf } from '../../view/state-at.ts'
import type { View } from '../../view/view.ts'
import { blockSequence, type Sequence } from './sequence.ts'

/** Events of some sequences, in the order of the runs. */
export interface Shown {
  readonly sequences: readonly Sequence[]
  readonly runs: readonly Run[]
}

/** The events that a state shows, by where its blocks have them, sorted by type NID and state key NID. */
export function* shownState(view: View, snapshot: SnapshotNid, type?: string): Asking<Need, Shown> {
  const { blocks } = yield* snapshotOf(view, snapshot)
  const typeNid = type === undefined ? undefined : yield* typeNidOf(view, type)
  if (typeNid === null) return { sequences: [], runs: [] }
  const records = yield* blocksOf(blocks, view)
  return {
    sequences: records.map(({ nid, entries }) => blockSequence(nid, entries)),
    runs: runsOf(view, snapshot, records, typeNid),
  }
}

/** Where the blocks have what they show; looked for once for each state that is asked for. */
function runsOf(
  { pieces: { pages } }: View,
  snapshot: SnapshotNid,
  blocks: readonly BlockRecord[],
  type: EventTypeNid | undefined,
): readonly Run[] {
  const name = `runs of ${snapshot} ${type ?? 'all'}`
  const kept = pages.get<readonly Run[]>(NO_NID, name)
  if (kept !== undefined) return kept
  const layers = blocks.map((block) => block.entries)
  const runs = visibleRuns(layers, type)
  pages.put(name, runs, runs.length * 64, pages.rewrittenOf(NO_NID))
  return runs
}
