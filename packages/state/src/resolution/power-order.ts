import type { Pdu } from '@roomserver/events'
import type { Asking } from '@roomserver/types'
import type { EventNode } from './event-node.ts'
import { Heap } from './heap.ts'
import { authOf, type Problem } from './problem.ts'
import { senderLevel } from './sender-level.ts'
import { compareByTime } from './tie-break.ts'

/**
 * Whether an event may take away others' ability to do things in the room.
 *
 * @see https://spec.matrix.org/v1.16/rooms/v2/#definitions
 */
function isPowerEvent(event: Pdu): boolean {
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
 * The power events of the full conflicted set and what they cite within it, in reverse topological power ordering:
 * cited events first, then those of senders with more power, then the older, then by ID. An event on a circle of
 * citations has no place in this order and is left out.
 *
 * @see https://spec.matrix.org/v1.16/rooms/v2/#definitions
 */
export function* powerOrder<Need>(
  problem: Problem<Need>,
  full: ReadonlySet<EventNode>,
): Asking<Need, readonly EventNode[]> {
  const chosen = yield* withCited(problem, full)
  const levels = new Map<EventNode, number>()
  for (const node of chosen) {
    levels.set(node, yield* senderLevel(problem, node))
    if (levels.size % NODES_PER_BREATH === 0) yield undefined
  }
  const levelOf = (node: EventNode): number => levels.get(node) ?? 0
  return yield* topological(problem, chosen, (a, b) => {
    const [levelA, levelB] = [levelOf(a), levelOf(b)]
    return levelA === levelB ? compareByTime(a, b) : levelA > levelB ? -1 : 1
  })
}

const NODES_PER_BREATH = 256

/** The power events and everything that they reach by citations without leaving the full conflicted set. */
function* withCited<Need>(
  { graph }: Problem<Need>,
  full: ReadonlySet<EventNode>,
): Asking<Need, ReadonlySet<EventNode>> {
  const chosen = new Set<EventNode>()
  let looked = 0
  for (const node of full) {
    if (++looked % NODES_PER_BREATH === 0) yield undefined
    if (isPowerEvent(node.pdu)) chosen.add(node)
  }
  // A set is walked in the order of insertion, and to its end even when it grows meanwhile.
  let steps = 0
  for (const node of chosen) {
    if (++steps % NODES_PER_BREATH === 0) yield undefined
    for (const cited of yield* authOf(graph, node)) if (full.has(cited)) chosen.add(cited)
  }
  return chosen
}

/** Kahn's algorithm with a priority queue: of the events whose cited events are all placed, the least comes next. */
function* topological<Need>(
  { graph }: Problem<Need>,
  nodes: ReadonlySet<EventNode>,
  compare: (a: EventNode, b: EventNode) => number,
): Asking<Need, readonly EventNode[]> {
  const waitingFor = new Map<EventNode, number>()
  const citedBy = new Map<EventNode, EventNode[]>()
  const ready = new Heap<EventNode>(compare)
  for (const node of nodes) {
    const cited = (graph.authOf(node) ?? []).filter((other) => nodes.has(other))
    for (const other of cited) {
      const citing = citedBy.get(other)
      if (citing === undefined) citedBy.set(other, [node])
      else citing.push(node)
    }
    if (cited.length === 0) ready.push(node)
    else waitingFor.set(node, cited.length)
  }
  yield undefined
  const order: EventNode[] = []
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    order.push(node)
    if (order.length % NODES_PER_BREATH === 0) yield undefined
    for (const citing of citedBy.get(node) ?? []) {
      const left = (waitingFor.get(citing) ?? 0) - 1
      waitingFor.set(citing, left)
      if (left === 0) ready.push(citing)
    }
  }
  return order
}
