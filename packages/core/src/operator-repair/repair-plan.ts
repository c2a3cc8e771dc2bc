import type { EventId, EventNid } from '@roomserver/types'

/** What an operator wants repaired of a room. */
export type RepairPlan =
  /** The current state, from the states after the forward extremities. */
  | { readonly kind: 'recompute-state' }
  /** Forward extremities that were not accepted, or on which others build, are none any more. */
  | { readonly kind: 'prune-extremities' }
  /** These are the forward extremities of the room as of a revision. Of those that it has, and its current state, some may be lost. */
  | {
      readonly kind: 'extremities'
      readonly extremities: readonly EventNid[]
      readonly lost: readonly EventNid[]
      readonly isCurrentLost: boolean
      readonly revision: number
    }
  /** The state before an extremity is made of these events. */
  | { readonly kind: 'given-state'; readonly extremity: EventId; readonly eventIds: readonly EventId[] }

/** One entry of the current state that differs; `undefined`: there is none. */
export interface RepairedEntry {
  readonly type: string
  readonly stateKey: string
  readonly from: EventId | undefined
  readonly to: EventId | undefined
}

/** What a repair changes, or would change. */
export interface RepairDifference {
  readonly extremities: { readonly from: readonly EventId[]; readonly to: readonly EventId[] }
  readonly entries: readonly RepairedEntry[]
}
