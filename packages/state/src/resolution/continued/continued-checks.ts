import type { Suspendable } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { authOf, type ConflictedState } from '../conflicted-state.ts'
import type { EventNode } from '../event-node.ts'
import { compareByMainline } from '../mainline-order.ts'
import { isPowerEvent, reverseTopologicalPowerOrder } from '../reverse-topological-power-order.ts'
import { senderLevel } from '../sender-level.ts'
import type { SnapshotGraph } from '../snapshot-graph.ts'
import type { ResolutionNeed } from '../snapshot-reader.ts'
import { type Check, type CheckedEntry, firstPlace } from './check.ts'
import { CheckOrder } from './check-order.ts'
import { CheckedEntries } from './checked-entries.ts'
import { Counted } from './counted.ts'
import { MainlineGroups } from './mainline-groups.ts'
import { RepeatedChecks } from './repeated-checks.ts'

const NODES_PER_YIELD = 64

/**
 * The auth checks of a resolution by the second algorithm, kept so that they can be gone on with when a few events enter or
 * leave the full conflicted set. Only those checks are repeated whose entries read otherwise than before.
 *
 * An event that no power event refers to can be put into the order or taken out of it without a change to the rest: power
 * events are ordered by what they refer to, and else by comparison; all others by comparison alone. Where that does not hold,
 * all are put in order and checked anew.
 */
export class ContinuedChecks {
  readonly entries = new CheckedEntries()
  readonly #conflicted: ConflictedState<ResolutionNeed>
  readonly #graph: SnapshotGraph
  readonly #full = new Set<EventNode>()
  readonly #order = new CheckOrder()
  readonly #checks = new Map<EventNode, Check>()
  readonly #repeated: RepeatedChecks
  /** What power events, and the events that these refer to, refer to; once for each. */
  readonly #citedByPower = new Counted<EventNode>()
  readonly #groups: MainlineGroups<ResolutionNeed>
  /** Power events on a circle of citations have no place in the order; then it is not gone on with. */
  #isCircular = false
  /** How often all of them were put in order anew. */
  runs = 0

  constructor(graph: SnapshotGraph, rules: RoomVersionRules) {
    this.#graph = graph
    this.#conflicted = {
      rules,
      setCount: 0,
      conflicts: [],
      graph,
      create: undefined,
      chain: 'as-deployed',
      recorder: undefined,
    }
    this.#repeated = new RepeatedChecks(this.#conflicted, graph, this.#order, this.entries)
    this.#groups = new MainlineGroups(this.#conflicted)
  }

  /** The events that take part. */
  get size(): number {
    return this.#full.size
  }

  /** How many events were checked so far. */
  get checked(): number {
    return this.#repeated.made
  }

  /** The entries that may have another outcome than before; they are told once. */
  takeTouched(): ReadonlySet<CheckedEntry> {
    return this.#repeated.takeTouched()
  }

  /** Notes that an entry came into conflict, or is in none any more; to be followed by {@link ContinuedChecks.change}. */
  setConflicted(entry: CheckedEntry, isConflicted: boolean): void {
    if (entry.isConflicted === isConflicted) return
    entry.isConflicted = isConflicted
    this.#repeated.touch(entry, -Infinity)
  }

  /** Takes events into the full conflicted set and others out of it, and brings the outcome up to date. */
  *change(added: readonly EventNode[], removed: readonly EventNode[]): Suspendable<ResolutionNeed, void> {
    for (const node of removed) this.#full.delete(node)
    for (const node of added) this.#full.add(node)
    yield* this.#graph.load(added)
    const isFirst = this.runs === 0 || this.#isCircular
    if (isFirst || !(yield* this.#goOn(added, removed))) yield* this.#runAnew()
  }

  /** Whether it could be gone on; where not, everything is to be done anew. */
  *#goOn(added: readonly EventNode[], removed: readonly EventNode[]): Suspendable<ResolutionNeed, boolean> {
    if (!this.#takeOut(removed)) return false
    const power: EventNode[] = []
    const others: EventNode[] = []
    for (const node of added) {
      if (this.#citedByPower.has(node)) return false
      if (isPowerEvent(node.pdu)) power.push(node)
      else others.push(node)
    }
    for (const node of power.toSorted((a, b) => a.level - b.level)) {
      if (!(yield* this.#insertPower(node))) return false
    }
    yield* this.#repeated.settle(true)
    if (!(yield* this.#groups.follow(yield* this.#resolvedPowerLevels()))) return false
    for (const node of others) yield* this.#insertOther(node)
    yield* this.#repeated.settle(false)
    return true
  }

  *#runAnew(): Suspendable<ResolutionNeed, void> {
    this.runs++
    this.#clear()
    yield* this.#graph.load([...this.#full])
    const power = yield* reverseTopologicalPowerOrder(this.#conflicted, this.#full)
    for (const node of power) this.#insert(this.#order.all.length, yield* this.#newPower(node))
    yield* this.#repeated.settle(true)
    this.#groups.restart(yield* this.#resolvedPowerLevels())
    const others: Check[] = []
    for (const node of this.#full) {
      if (this.#checks.has(node)) continue
      if (isPowerEvent(node.pdu)) this.#isCircular = true
      others.push(yield* this.#newOther(node))
      if (others.length % NODES_PER_YIELD === 0) yield undefined
    }
    for (const check of others.toSorted(compareOthers)) this.#insert(this.#order.all.length, check)
    yield* this.#repeated.settle(false)
  }

  #clear(): void {
    this.#order.clear()
    this.#checks.clear()
    this.#repeated.clear()
    this.#citedByPower.clear()
    this.#isCircular = false
  }

  /** Puts a power event into the order; not where it is referred to, or refers to what has no place there yet. */
  *#insertPower(node: EventNode): Suspendable<ResolutionNeed, boolean> {
    let start = 0
    for (const cited of yield* authOf(this.#graph, node)) {
      if (!this.#full.has(cited)) continue
      const below = this.#checks.get(cited)
      if (below?.isPower !== true) return false
      start = Math.max(start, this.#order.placeOf(below) + 1)
    }
    const check = yield* this.#newPower(node)
    this.#insert(this.#order.placeOfPower(check, start), check)
    return true
  }

  *#insertOther(node: EventNode): Suspendable<ResolutionNeed, void> {
    const check = yield* this.#newOther(node)
    const { all, powerCount } = this.#order
    const place = firstPlace(all, (other) => compareOthers(other, check) > 0, { start: powerCount })
    this.#insert(place, check)
  }

  *#newPower(node: EventNode): Suspendable<ResolutionNeed, Check> {
    const level = yield* senderLevel(this.#conflicted, node)
    for (const cited of yield* authOf(this.#graph, node)) this.#citedByPower.add(cited)
    return this.#newCheck(node, { level, isPower: true, group: undefined })
  }

  *#newOther(node: EventNode): Suspendable<ResolutionNeed, Check> {
    return this.#newCheck(node, { level: 0, isPower: false, group: yield* this.#groups.enter(node) })
  }

  #newCheck(node: EventNode, place: Pick<Check, 'level' | 'isPower' | 'group'>): Check {
    const { stateKey, type } = node.pdu
    return {
      node,
      ...place,
      reads: node.tuples.map((tuple) => this.entries.of(...tuple)),
      entry: stateKey === undefined ? undefined : this.entries.of(type, stateKey),
      label: 0,
      greatest: undefined,
      against: undefined,
      isIn: false,
    }
  }

  #insert(place: number, check: Check): void {
    this.#order.insert(place, check)
    this.#checks.set(check.node, check)
    this.#repeated.add(check)
  }

  /** Takes events out of the order; false where others have their places because of one. */
  #takeOut(nodes: readonly EventNode[]): boolean {
    const gone: Check[] = []
    for (const node of nodes.toSorted((a, b) => b.level - a.level)) {
      const check = this.#checks.get(node)
      if (check === undefined) continue
      if (this.#citedByPower.has(node) || (check.isPower && !this.#takeCitations(node))) return false
      this.#order.remove(check)
      this.#checks.delete(node)
      if (check.group !== undefined) this.#groups.leave(check.group)
      gone.push(check)
    }
    this.#repeated.remove(gone)
    return true
  }

  /** What a power event referred to is referred to once less; false where one is among the power events for that alone. */
  #takeCitations(node: EventNode): boolean {
    for (const cited of this.#graph.authOf(node) ?? []) {
      this.#citedByPower.remove(cited)
      const isLeft = this.#citedByPower.has(cited)
      if (!isLeft && this.#checks.get(cited)?.isPower === true && !isPowerEvent(cited.pdu)) return false
    }
    return true
  }

  *#resolvedPowerLevels(): Suspendable<ResolutionNeed, EventNode | undefined> {
    const entry = this.entries.of('m.room.power_levels', '')
    const last = entry.puts.at(-1)?.node
    if (last !== undefined || entry.isConflicted) return last
    const [common] = yield* this.#graph.entries([['m.room.power_levels', '']])
    return common
  }
}

/** Events beside the power events in mainline ordering. */
function compareOthers(a: Check, b: Check): number {
  return compareByMainline(placed(a), placed(b))
}

function placed({ node, group }: Check): { readonly node: EventNode; readonly position: number } {
  return { node, position: group?.position ?? Infinity }
}
