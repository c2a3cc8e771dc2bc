import { trustedPdu } from '@roomserver/events'
import { type Suspendable, type EventId, type EventNid, type EventRecord, NO_NID } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

/** What of an event tells its place among the others of its room. */
export interface GraphNode {
  readonly nid: EventNid
  readonly eventId: EventId
  /** The events that it builds upon; none of one that stands beside the graph. */
  readonly prevEvents: readonly EventId[]
  readonly authNids: readonly EventNid[]
  readonly isAccepted: boolean
  readonly isSoftFailed: boolean
}

/** After how many events others get a turn. */
const EVENTS_PER_YIELD = 512

/** All events of a room and how they refer to each other, without their texts: what a walk forward takes. */
export class RoomGraph {
  readonly #rules: RoomVersionRules
  readonly #nodes = new Map<EventNid, GraphNode>()
  readonly #byId = new Map<EventId, EventNid>()
  readonly #builtUpon = new Map<EventId, Set<EventNid>>()
  readonly #referenced = new Map<EventNid, Set<EventNid>>()

  constructor(rules: RoomVersionRules) {
    this.#rules = rules
  }

  /** Adds an event; a later record of the same takes the place of an earlier one. */
  add(record: EventRecord): void {
    const { nid, eventId, authNids, verdict } = record
    const isInGraph = record.before !== NO_NID
    const prevEvents = isInGraph ? trustedPdu(record.json, eventId, this.#rules).prevEvents : []
    this.#nodes.set(nid, {
      nid,
      eventId,
      prevEvents,
      authNids,
      isAccepted: verdict === 'accepted' && isInGraph,
      isSoftFailed: verdict === 'soft-failed',
    })
    this.#byId.set(eventId, nid)
    for (const prev of prevEvents) setOf(this.#builtUpon, prev).add(nid)
    for (const referenced of authNids) setOf(this.#referenced, referenced).add(nid)
  }

  node(nid: EventNid): GraphNode | undefined {
    return this.#nodes.get(nid)
  }

  /** The events that one builds upon, as far as they are here. */
  past({ prevEvents }: GraphNode): readonly EventNid[] {
    return prevEvents.map((id) => this.#byId.get(id)).filter((nid) => nid !== undefined)
  }

  /** The events that build upon one. */
  future({ eventId }: GraphNode): Iterable<EventNid> {
    return this.#builtUpon.get(eventId) ?? []
  }

  /** Everything that builds upon an event or references it, directly or not, none before what it builds upon or references. */
  *dependents(root: EventNid): Suspendable<never, readonly GraphNode[]> {
    const found = yield* this.reach([root], (node) => [
      ...this.future(node),
      ...(this.#referenced.get(node.nid) ?? []),
    ])
    const waiting = new Map<EventNid, number>()
    for (const [index, nid] of [...found].entries()) {
      if (index % EVENTS_PER_YIELD === EVENTS_PER_YIELD - 1) yield undefined
      waiting.set(nid, this.#needs(nid).filter((one) => found.has(one)).length)
    }
    const ordered: GraphNode[] = []
    const ready = [
      root,
      ...[...waiting].filter(([nid, count]) => count === 0 && nid !== root).map(([nid]) => nid),
    ]
    for (const nid of ready) {
      if (ordered.length % EVENTS_PER_YIELD === EVENTS_PER_YIELD - 1) yield undefined
      const node = this.#nodes.get(nid)
      if (node === undefined) continue
      ordered.push(node)
      for (const next of new Set([...this.future(node), ...(this.#referenced.get(nid) ?? [])])) {
        const left = (waiting.get(next) ?? 0) - this.#needs(next).filter((one) => one === nid).length
        waiting.set(next, left)
        if (left === 0 && next !== root) ready.push(next)
      }
    }
    return ordered
  }

  /** All that can be reached from some events, and these. */
  *reach(
    from: Iterable<EventNid>,
    next: (node: GraphNode) => Iterable<EventNid>,
  ): Suspendable<never, ReadonlySet<EventNid>> {
    const found = new Set(from)
    let seen = 0
    for (const nid of found) {
      if (++seen % EVENTS_PER_YIELD === 0) yield undefined
      const node = this.#nodes.get(nid)
      if (node !== undefined) for (const one of next(node)) found.add(one)
    }
    return found
  }

  #needs(nid: EventNid): readonly EventNid[] {
    const node = this.#nodes.get(nid)
    return node === undefined ? [] : [...this.past(node), ...node.authNids]
  }
}

function setOf<K>(map: Map<K, Set<EventNid>>, key: K): Set<EventNid> {
  const set = map.get(key) ?? new Set()
  map.set(key, set)
  return set
}
