import type { BlockNid, BlockRecord, Nids, RoomRecord, SnapshotNid, SnapshotRecord } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { Need } from '../view/record-kinds.ts'
import type { View } from '../view/view.ts'

/** What an evaluation lacks before it can go on: records, or NIDs for new ones. */
export type EvaluateNeed = Need | { readonly kind: 'nids'; readonly of: keyof Nids }

/** What an evaluation reads and keeps of the room that an event belongs to. The draft of a decision is one. */
export interface EvaluatedRoom {
  readonly view: View
  readonly rules: RoomVersionRules
  readonly read: Pick<RoomRecord, 'nid'>
  readonly context: { readonly nids: StateNids }
  /** Keeps a new block of state, for as long as the evaluation lasts at the least. */
  addBlock(block: BlockRecord): void
  /** Keeps a new snapshot of the state in the same way. */
  addSnapshot(snapshot: SnapshotRecord): void
}

/** NIDs for new states; `undefined`: more have to be fetched first. */
export interface StateNids {
  take(kind: 'block'): BlockNid | undefined
  take(kind: 'snapshot'): SnapshotNid | undefined
}
