import type { StateChange } from '@roomserver/state'
import type { EventId, SnapshotNid } from '@roomserver/types'

/** An entry that differs between two states, with the IDs of its events. */
export interface IdentifiedChange extends StateChange {
  readonly fromId: EventId | undefined
  readonly toId: EventId | undefined
}

/** What turns one state into another, sorted by type and state key. */
export interface KnownDifference {
  readonly from: SnapshotNid
  readonly changes: readonly IdentifiedChange[]
}
