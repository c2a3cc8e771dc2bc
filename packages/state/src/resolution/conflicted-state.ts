import type { StateTuple } from '@roomserver/auth'
import type { Suspendable, EventId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { Runs } from '../snapshot/runs.ts'
import type { EventNode } from './event-node.ts'
import type { ChainReading } from './trace.ts'
import type { TraceRecorder } from './trace-recorder.ts'

/** An entry that the state sets do not agree upon. */
export interface Conflict {
  readonly type: string
  readonly stateKey: string
  /** Its event in each set; `undefined` where a set has none, or one that nobody knows. */
  readonly events: Runs<EventNode | undefined>
}

/** The events of a room and the part of the state that is in no conflict, as a resolution looks at them. */
export interface Graph<Need> {
  /** The auth events of an event, each once, without unknown ones; `undefined`: {@link Graph.load} it first. */
  authOf(node: EventNode): readonly EventNode[] | undefined
  /** Loads the auth events of all these. */
  load(nodes: readonly EventNode[]): Suspendable<Need, void>
  /** Makes known the levels of these nodes and of all that they reach. */
  rank(nodes: readonly EventNode[]): void
  /** The events that the unconflicted part of the state has for these tuples. */
  entries(tuples: readonly StateTuple[]): Suspendable<Need, readonly (EventNode | undefined)[]>
  /** The event of one entry there; `null`: it has none, `undefined`: ask {@link Graph.entries} first. */
  peek(type: string, stateKey: string): EventNode | null | undefined
  /** The event with this ID; `undefined` where nobody knows it. */
  withId(id: EventId): Suspendable<Need, EventNode | undefined>
  /** Whether the unconflicted part of the state holds this very event. */
  holds(node: EventNode): boolean
  /** Those of the nodes that are in the auth chain of an unconflicted event. */
  citedByCommon(nodes: readonly EventNode[]): Suspendable<Need, ReadonlySet<EventNode>>
}

/** The state sets to resolve: where they conflict, and the graph of events behind them. */
export interface ConflictedState<Need> {
  readonly rules: RoomVersionRules
  readonly setCount: number
  readonly conflicts: readonly Conflict[]
  readonly graph: Graph<Need>
  readonly chain: ChainReading
  /** The create event where the room ID names it, see `namedCreate`; `undefined` in versions where it does not. */
  readonly create: EventNode | undefined
  /** Writes down how the result came about; left out when nobody asked. */
  readonly recorder: TraceRecorder | undefined
}

/** The outcome of a resolution: an event (`undefined`: none) for every conflict, and entries that no set had. */
export interface Resolved {
  readonly winners: readonly (EventNode | undefined)[]
  readonly additions: readonly EventNode[]
}

/** The auth events of a node, loaded if they have to be. */
export function* authOf<Need>(graph: Graph<Need>, node: EventNode): Suspendable<Need, readonly EventNode[]> {
  const auth = graph.authOf(node)
  if (auth !== undefined) return auth
  yield* graph.load([node])
  return graph.authOf(node) ?? []
}

/** The known events that stand in conflict, each once. */
export function conflictedEvents(conflicts: readonly Conflict[]): Set<EventNode> {
  const events = new Set<EventNode>()
  for (const conflict of conflicts) {
    for (const { value: node } of conflict.events) if (node !== undefined) events.add(node)
  }
  return events
}
