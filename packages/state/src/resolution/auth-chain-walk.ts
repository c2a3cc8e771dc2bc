import type { Suspendable } from '@roomserver/types'
import type { EventNode } from './event-node.ts'
import { Heap } from '../heap.ts'
import { authOf, type ConflictedState } from './conflicted-state.ts'
import { SetMarks } from './set-marks.ts'

/** Steps between two yield points. */
const STEPS_PER_YIELD = 256

/**
 * Walks down the auth chains of the conflicted events, those of the highest level first, so that all that refer to an event
 * have been seen when its turn comes. It ends where every set reaches everything that is left, so it costs what the
 * difference costs.
 */
export class AuthChainWalk<Need> {
  readonly #state: ConflictedState<Need>
  readonly #conflicted: ReadonlySet<EventNode>
  readonly #marks: SetMarks
  readonly #queue = new Heap<EventNode>((a, b) => b.level - a.level || a.index - b.index)
  readonly #queued = new Set<EventNode>()
  readonly #visited = new Set<EventNode>()
  /** How many of those in the queue are not reached by every set, as far as is known. */
  #undecided = 0

  /** @param conflicted - the conflicted events of the state, each once */
  constructor(state: ConflictedState<Need>, conflicted: ReadonlySet<EventNode>) {
    this.#state = state
    this.#conflicted = conflicted
    this.#marks = new SetMarks(state.setCount)
  }

  /** In the order in which they were left, so that an event comes after those that refer to it. */
  get visited(): ReadonlySet<EventNode> {
    return this.#visited
  }

  /** Whether the auth chain of every set holds the event, as far as the conflicted events tell. */
  isInEveryChain(node: EventNode): boolean {
    return this.#marks.isFull(node)
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

  /** Starts with each set's conflicted events or, as specified, with their auth events. */
  #seed(): void {
    const { chain, conflicts, graph } = this.#state
    for (const { events } of conflicts) {
      let from = 0
      for (const { to, value: node } of events) {
        if (node !== undefined && chain === 'as-deployed') this.#marks.add(node, from, to)
        if (node !== undefined && chain === 'as-specified')
          for (const cited of graph.authOf(node) ?? []) this.#marks.add(cited, from, to)
        from = to
      }
    }
    const seeds =
      chain === 'as-deployed'
        ? this.#conflicted
        : new Set([...this.#conflicted].flatMap((node) => graph.authOf(node) ?? []))
    for (const node of seeds) this.#enqueue(node)
    if (chain === 'as-specified') for (const node of this.#conflicted) this.#enqueue(node)
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
    if (this.#state.chain === 'as-deployed' && this.#state.graph.holds(node)) this.#marks.fill(node)
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

  /** Loads the auth events of the whole queue: the next ones to be visited need theirs too. */
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
}
