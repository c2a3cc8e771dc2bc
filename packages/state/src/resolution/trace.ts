import type { EventId, UserId } from '@roomserver/types'

/**
 * Whether a state set's full auth chain holds the set's own events. `as-deployed`: it does, as in the servers that are
 * out there; `as-specified`: it does not, as the specification's words have it.
 */
export type ChainReading = 'as-deployed' | 'as-specified'

/** Where in the algorithm an event was checked: the two rounds of version 2, or the four of version 1. */
export type Step = 'power' | 'mainline' | 'power-levels' | 'join-rules' | 'members' | 'others'

/** An entry of a state and its event; `null`: there is none. */
export interface TraceEntry {
  readonly type: string
  readonly stateKey: string
  readonly event: EventId | null
}

/** A checked event, in the order of the algorithm. */
export interface JudgedEvent {
  readonly step: Step
  readonly event: EventId
  readonly type: string
  readonly stateKey: string
  readonly sender: UserId
  /** The state that the rules looked at. */
  readonly against: readonly TraceEntry[]
  readonly allowed: boolean
  /** The rule that decided, such as `v8 4.3.5`. */
  readonly rule: string
  /** Why it was refused; absent when it was allowed. */
  readonly reason?: string
  /** Rejected when it was received: it does not get into the state, allowed or not. */
  readonly wasRejected: boolean
  /** In the round by the mainline: 0 for the newest power levels, 1 for those before …; `null`: not on the mainline. */
  readonly mainlinePosition?: number | null
}

/** What became of a conflict, and why. */
export interface ConflictOutcome {
  readonly type: string
  readonly stateKey: string
  /** The entry in each state set. */
  readonly candidates: readonly (EventId | null)[]
  readonly winner: EventId | null
  /** A sentence for people. */
  readonly why: string
}

/** An entry that the result has other than a state set. */
export interface TraceChange {
  readonly type: string
  readonly stateKey: string
  readonly from: EventId | null
  readonly to: EventId | null
}

/** How a resolution came to its result. Plain data: it can be stored and sent as JSON. */
export interface ResolutionTrace {
  readonly algorithm: 'v1' | 'v2' | 'v2.1'
  readonly chain: ChainReading
  readonly conflicts: readonly ConflictOutcome[]
  /** Events in some set's auth chain but not in all, besides those in conflict. */
  readonly authDifference: readonly EventId[]
  /** Events between conflicted ones (version 2.1). */
  readonly subgraph: readonly EventId[]
  readonly judged: readonly JudgedEvent[]
  /** Power levels events, the newest first, as far down as positions were asked for. */
  readonly mainline: readonly EventId[]
  /** For each state set: what the result has other than it. */
  readonly changes: readonly (readonly TraceChange[])[]
}
