import type { Asking } from '@roomserver/types'
import { type EventNode, powerLevelsAmong } from './event-node.ts'
import { authOf, type Problem } from './problem.ts'
import { compareByTime } from './tie-break.ts'

/** How far an event stands behind the newest power levels: 0 is these, 1 those before them …; Infinity: off the line. */
export type MainlinePosition = number

/**
 * Orders events by the mainline of the given power levels: those of older power levels first, then the older, then by ID.
 *
 * @see https://spec.matrix.org/v1.16/rooms/v2/#definitions
 */
export function* mainlineOrder<Need>(
  problem: Problem<Need>,
  nodes: readonly EventNode[],
  powerLevels: EventNode | undefined,
): Asking<Need, readonly EventNode[]> {
  const mainline = new Mainline(problem, powerLevels)
  const positions = new Map<EventNode, MainlinePosition>()
  for (const node of nodes) {
    positions.set(node, yield* mainline.positionOf(node))
    if (positions.size % NODES_PER_BREATH === 0) yield undefined
  }
  problem.scribe?.mainline(mainline.line, positions)
  const positionOf = (node: EventNode): MainlinePosition => positions.get(node) ?? Infinity
  return nodes.toSorted((a, b) => {
    const [positionA, positionB] = [positionOf(a), positionOf(b)]
    return positionA === positionB ? compareByTime(a, b) : positionA > positionB ? -1 : 1
  })
}

const NODES_PER_BREATH = 256

/** The line of power levels events, each citing the next, walked down only as far as somebody asks. */
class Mainline<Need> {
  /** The newest first. */
  readonly line: EventNode[] = []
  readonly #problem: Problem<Need>
  readonly #onLine = new Map<EventNode, MainlinePosition>()
  /** Positions of power levels events beside the line. */
  readonly #beside = new Map<EventNode, MainlinePosition>()
  #next: EventNode | undefined

  constructor(problem: Problem<Need>, powerLevels: EventNode | undefined) {
    this.#problem = problem
    this.#next = powerLevels
    if (powerLevels !== undefined) problem.graph.rank([powerLevels])
  }

  /** The position of the first event on the line among `node`, the power levels that it cites, those that they cite … */
  *positionOf(node: EventNode): Asking<Need, MainlinePosition> {
    const passed = new Set<EventNode>()
    let position: MainlinePosition | undefined
    let here: EventNode | undefined = node
    while (here !== undefined && position === undefined && !passed.has(here)) {
      passed.add(here)
      position = this.#beside.get(here) ?? (yield* this.#lookUp(here))
      here = powerLevelsAmong(yield* authOf(this.#problem.graph, here))
    }
    for (const beside of passed) this.#beside.set(beside, position ?? Infinity)
    return position ?? Infinity
  }

  *#lookUp(node: EventNode): Asking<Need, MainlinePosition | undefined> {
    while (this.#next !== undefined && this.#next.level >= node.level) yield* this.#extend(this.#next)
    return this.#onLine.get(node)
  }

  *#extend(node: EventNode): Asking<Need, void> {
    this.#onLine.set(node, this.line.length)
    this.line.push(node)
    const next = powerLevelsAmong(yield* authOf(this.#problem.graph, node))
    this.#next = next === undefined || this.#onLine.has(next) ? undefined : next
  }
}
