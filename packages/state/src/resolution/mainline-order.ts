import type { Suspendable } from '@roomserver/types'
import { type EventNode, powerLevelsAmong } from './event-node.ts'
import { authOf, type ConflictedState } from './conflicted-state.ts'
import { compareByTime } from './tie-break.ts'
import type { MainlinePosition } from './trace-recorder.ts'

/**
 * Orders events by the mainline of the given power levels: those of older power levels first, then the older, then by ID.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* mainlineOrder<Need>(
  conflicted: ConflictedState<Need>,
  nodes: readonly EventNode[],
  powerLevels: EventNode | undefined,
): Suspendable<Need, readonly EventNode[]> {
  const mainline = new Mainline(conflicted, powerLevels)
  const placed: PlacedEvent[] = []
  for (const node of nodes) {
    placed.push({ node, position: yield* mainline.positionOf(node) })
    if (placed.length % NODES_PER_YIELD === 0) yield undefined
  }
  placed.sort(compareByMainline)
  conflicted.recorder?.mainline(mainline.line, new Map(placed.map(({ node, position }) => [node, position])))
  return placed.map(({ node }) => node)
}

/** An event, and how far it stands behind the newest power levels. */
interface PlacedEvent {
  readonly node: EventNode
  readonly position: MainlinePosition
}

/** Events of older power levels first, then the older, then by ID. */
export function compareByMainline(a: PlacedEvent, b: PlacedEvent): number {
  return comparePositions(a.position, b.position) || compareByTime(a.node, b.node)
}

/** The position further behind first. */
export function comparePositions(a: MainlinePosition, b: MainlinePosition): number {
  if (a === b) return 0
  return a > b ? -1 : 1
}

const NODES_PER_YIELD = 256

/** The line of power levels events, each citing the next, walked down only as far as somebody asks. */
export class Mainline<Need> {
  /** The newest first. */
  readonly line: EventNode[] = []
  readonly #state: ConflictedState<Need>
  /** Of power levels events, those beside the line too once they were asked for. */
  readonly #positions = new Map<EventNode, MainlinePosition>()
  #next: EventNode | undefined

  constructor(conflicted: ConflictedState<Need>, powerLevels: EventNode | undefined) {
    this.#state = conflicted
    this.#next = powerLevels
    if (powerLevels !== undefined) conflicted.graph.rank([powerLevels])
  }

  /** The position of the first event of the mainline among `node`, its power levels event, the power levels event of that … */
  *positionOf(node: EventNode): Suspendable<Need, MainlinePosition> {
    const { graph } = this.#state
    const first = node.isPowerLevels
      ? node
      : powerLevelsAmong(graph.authOf(node) ?? (yield* authOf(graph, node)))
    if (first === undefined) return Infinity
    return this.#positions.get(first) ?? (yield* this.#find(first))
  }

  *#find(first: EventNode): Suspendable<Need, MainlinePosition> {
    const passed = new Set<EventNode>()
    let position: MainlinePosition | undefined
    let here: EventNode | undefined = first
    while (here !== undefined && !passed.has(here)) {
      while (this.#next !== undefined && this.#next.level >= here.level) yield* this.#extend(this.#next)
      position = this.#positions.get(here)
      if (position !== undefined) break
      passed.add(here)
      here = powerLevelsAmong(yield* authOf(this.#state.graph, here))
    }
    for (const beside of passed) this.#positions.set(beside, position ?? Infinity)
    return position ?? Infinity
  }

  *#extend(node: EventNode): Suspendable<Need, void> {
    this.#positions.set(node, this.line.length)
    this.line.push(node)
    const next = powerLevelsAmong(yield* authOf(this.#state.graph, node))
    this.#next = next === undefined || this.#positions.has(next) ? undefined : next
  }
}
