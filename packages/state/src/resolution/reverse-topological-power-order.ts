import type { Pdu } from '@roomserver/events'
import type { Suspendable } from '@roomserver/types'
import type { EventNode } from './event-node.ts'
import { Heap } from '../heap.ts'
import { authOf, type ConflictedState } from './conflicted-state.ts'
import { senderLevel } from './sender-level.ts'
import { compareByTime } from './tie-break.ts'

/**
 * Whether an event may take away others' ability to do things in the room.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function isPowerEvent(event: Pdu): boolean {
  switch (event.type) {
    case 'm.room.power_levels':
    case 'm.room.join_rules':
    case 'm.room.create':
      return event.stateKey === ''
    case 'm.room.member': {
      const { membership } = event.content
      return (membership === 'leave' || membership === 'ban') && event.sender !== event.stateKey
    }
    default:
      return false
  }
}

/**
 * The power events of the full conflicted set and their auth events within it, in reverse topological power ordering:
 * referenced events first, then those of senders with more power, then the older, then by ID. An event in a circle of
 * references has no place in this order and is omitted.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* reverseTopologicalPowerOrder<Need>(
  conflicted: ConflictedState<Need>,
  full: ReadonlySet<EventNode>,
): Suspendable<Need, readonly EventNode[]> {
  const vertices = new Map<EventNode, Vertex>()
  for (const node of yield* withCited(conflicted, full)) {
    vertices.set(node, { node, level: yield* senderLevel(conflicted, node), waitingFor: 0, citedBy: [] })
    if (vertices.size % NODES_PER_YIELD === 0) yield undefined
  }
  return yield* topological(conflicted, vertices)
}

/** An event in the graph that is to be put in order. */
interface Vertex {
  readonly node: EventNode
  /** The power level of its sender. */
  readonly level: number
  /** How many of its auth events have no place yet. */
  waitingFor: number
  readonly citedBy: Vertex[]
}

/** Events of senders with more power first, then the older, then by ID. */
export function compareByPower(a: Pick<Vertex, 'node' | 'level'>, b: Pick<Vertex, 'node' | 'level'>): number {
  if (a.level === b.level) return compareByTime(a.node, b.node)
  return a.level > b.level ? -1 : 1
}

const NODES_PER_YIELD = 256

/** The power events and everything that they reach by references within the full conflicted set. */
function* withCited<Need>(
  { graph }: ConflictedState<Need>,
  full: ReadonlySet<EventNode>,
): Suspendable<Need, ReadonlySet<EventNode>> {
  const chosen = new Set<EventNode>()
  let looked = 0
  for (const node of full) {
    if (++looked % NODES_PER_YIELD === 0) yield undefined
    if (isPowerEvent(node.pdu)) chosen.add(node)
  }
  // A set is walked in the order of insertion, and to its end even when it grows meanwhile.
  let steps = 0
  for (const node of chosen) {
    if (++steps % NODES_PER_YIELD === 0) yield undefined
    for (const cited of graph.authOf(node) ?? (yield* authOf(graph, node))) {
      if (full.has(cited)) chosen.add(cited)
    }
  }
  return chosen
}

/** Kahn's algorithm with a priority queue: of the events whose auth events are all placed, the least comes next. */
function* topological<Need>(
  { graph }: ConflictedState<Need>,
  vertices: ReadonlyMap<EventNode, Vertex>,
): Suspendable<Need, readonly EventNode[]> {
  const ready = new Heap<Vertex>(compareByPower)
  for (const vertex of vertices.values()) {
    for (const cited of graph.authOf(vertex.node) ?? []) {
      const below = vertices.get(cited)
      if (below === undefined) continue
      below.citedBy.push(vertex)
      vertex.waitingFor++
    }
    if (vertex.waitingFor === 0) ready.push(vertex)
  }
  yield undefined
  const order: EventNode[] = []
  for (let vertex = ready.pop(); vertex !== undefined; vertex = ready.pop()) {
    order.push(vertex.node)
    if (order.length % NODES_PER_YIELD === 0) yield undefined
    for (const citing of vertex.citedBy) {
      citing.waitingFor--
      if (citing.waitingFor === 0) ready.push(citing)
    }
  }
  return order
}
