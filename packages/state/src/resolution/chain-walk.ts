import type { Suspendable } from '@roomserver/types'
import type { EventNode } from './event-node.ts'
import { Heap } from '../heap.ts'
import { authOf, conflictedEvents, type ConflictedState } from './conflicted-state.ts'
import { SetMarks } from './set-marks.ts'

/** What joins the conflicted events to make the full conflicted set. */
export interface ChainFindings {
  /** Events in the auth chain of some set but not of all, those in conflict themselves left out. */
  readonly authDifference: ReadonlySet<EventNode>
  /** Events on a path of citations from one conflicted event to another; empty where the algorithm has no use for it. */
  readonly subgraph: ReadonlySet<EventNode>
}

/**
 * Walks down the auth chains of the conflicted events, those of the highest level first, so that all who cite an event
 * have been seen when its turn comes. It ends where every set reaches everything that is left, so it costs what the
 * difference costs. What the unconflicted part of the state reaches is in every chain: that is looked up at the end
 * for the few events that would count as difference without it.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v2/#definitions
 */
export function* walkChains<Need>(conflicted: ConflictedState<Need>): Suspendable<Need, ChainFindings> {
  const walk = new ChainWalk(conflicted)
  yield* walk.run()
  return { authDifference: yield* walk.difference(), subgraph: walk.subgraph() }
}

/** Steps between two places to breathe. */
const STEPS_PER_YIELD = 256

class ChainWalk<Need> {
  readonly #state: ConflictedState<Need>
  readonly #conflicted: ReadonlySet<EventNode>
  readonly #marks: SetMarks
  readonly #queue = new Heap<EventNode>((a, b) => b.level - a.level || a.index - b.index)
  readonly #queued = new Set<EventNode>()
  /** In the order in which they were left, so that an event comes after those that cite it. */
  readonly #visited = new Set<EventNode>()
  /** How many of those in the queue are not reached by every set, as far as is known. */
  #undecided = 0

  constructor(conflicted: ConflictedState<Need>) {
    this.#state = conflicted
    this.#conflicted = conflictedEvents(conflicted.conflicts)
    this.#marks = new SetMarks(conflicted.setCount)
  }

  *run(): Suspendable<Need, void> {
    const { graph } = this.#state
    yield* graph.load([...this.#conflicted])
    graph.rank([...this.#conflicted])
    yield undefined
    this.#seed()
    yield undefined
    const floor = this.#floor()
    for (let step = 1; ; step++) {
      const next = this.#queue.peek()
      if (next === undefined || (this.#undecided === 0 && next.level <= floor)) return
      yield* this.#visit(next)
      if (step % STEPS_PER_YIELD === 0) yield undefined
    }
  }

  /** Starts with each set's conflicted events or, by the letter, with what these cite. */
  #seed(): void {
    const { chain, conflicts, graph } = this.#state
    for (const { events } of conflicts) {
      let from = 0
      for (const { to, value: node } of events) {
        if (node !== undefined && chain === 'production') this.#marks.add(node, from, to)
        if (node !== undefined && chain === 'letter')
          for (const cited of graph.authOf(node) ?? []) this.#marks.add(cited, from, to)
        from = to
      }
    }
    const seeds =
      chain === 'production'
        ? this.#conflicted
        : new Set([...this.#conflicted].flatMap((node) => graph.authOf(node) ?? []))
    for (const node of seeds) this.#enqueue(node)
    if (chain === 'letter') for (const node of this.#conflicted) this.#enqueue(node)
  }

  /** The level below which no path between conflicted events runs. */
  #floor(): number {
    if (this.#state.rules.stateResolution !== 'v2.1') return Infinity
    let floor = Infinity
    for (const node of this.#conflicted) floor = Math.min(floor, node.level)
    return floor
  }

  #enqueue(node: EventNode): void {
    if (this.#queued.has(node)) return
    this.#queued.add(node)
    this.#queue.push(node)
    // Every set has what is in no conflict, and so reaches it.
    if (this.#state.chain === 'production' && this.#state.graph.holds(node)) this.#marks.fill(node)
    if (!this.#marks.isFull(node)) this.#undecided++
  }

  *#visit(node: EventNode): Suspendable<Need, void> {
    const { graph } = this.#state
    const auth = graph.authOf(node) ?? (yield* this.#load(node))
    this.#queue.pop()
    this.#queued.delete(node)
    this.#visited.add(node)
    if (!this.#marks.isFull(node)) this.#undecided--
    for (const cited of auth) this.#spread(node, cited)
  }

  /** Loads what the whole queue cites: the next ones to be visited will need theirs too. */
  *#load(node: EventNode): Suspendable<Need, readonly EventNode[]> {
    const { graph } = this.#state
    yield* graph.load([...this.#queued].filter((queued) => graph.authOf(queued) === undefined))
    return yield* authOf(graph, node)
  }

  #spread(from: EventNode, to: EventNode): void {
    const wasFull = this.#marks.isFull(to)
    const isNews = this.#marks.spread(from, to)
    if (this.#queued.has(to)) {
      if (!wasFull && this.#marks.isFull(to)) this.#undecided--
    } else if (isNews || !this.#visited.has(to)) {
      this.#enqueue(to)
    }
  }

  *difference(): Suspendable<Need, ReadonlySet<EventNode>> {
    const found: EventNode[] = []
    for (const node of this.#visited) {
      if (!this.#conflicted.has(node) && !this.#marks.isFull(node)) found.push(node)
    }
    if (found.length === 0) return new Set()
    const common = yield* this.#state.graph.citedByCommon(found)
    return new Set(found.filter((node) => !common.has(node)))
  }

  /** Goes back up: whoever cites a conflicted event, or one that leads to such, is on a path between two of them. */
  subgraph(): ReadonlySet<EventNode> {
    const leading = new Set<EventNode>()
    if (this.#state.rules.stateResolution !== 'v2.1') return leading
    for (const node of [...this.#visited].toReversed()) {
      const auth = this.#state.graph.authOf(node) ?? []
      if (auth.some((cited) => this.#conflicted.has(cited) || leading.has(cited))) leading.add(node)
    }
    return new Set([...leading].filter((node) => !this.#conflicted.has(node)))
  }
}
