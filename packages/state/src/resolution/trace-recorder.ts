import type { AuthVerdict, StateTuple } from '@roomserver/auth'
import type { EventNode } from './event-node.ts'
import type { Step } from './trace.ts'

/** A verdict, and the state that it rests on. */
export interface Judgement {
  readonly verdict: AuthVerdict
  /** The entries that the rules may look at, and beside them their events. */
  readonly tuples: readonly StateTuple[]
  readonly against: readonly (EventNode | undefined)[]
}

/** How far an event stands behind the newest power levels: 0 is these, 1 those before them …; Infinity: off the line. */
export type MainlinePosition = number

/** Is told by the steps of a resolution what they find. Knows nothing of the steps, so that these can know it. */
export interface TraceRecorder {
  /** Without events that are in conflict themselves. */
  authDifference(nodes: Iterable<EventNode>): void
  /** Without events that are in conflict themselves. */
  conflictedStateSubgraph(nodes: Iterable<EventNode>): void
  judged(step: Step, node: EventNode, judgement: Judgement): void
  mainline(line: readonly EventNode[], positions: ReadonlyMap<EventNode, MainlinePosition>): void
}
