import type { StateTuple } from '@roomserver/auth'
import type { Suspendable } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { Heap } from '../../heap.ts'
import { authOf, type ConflictedState } from '../conflicted-state.ts'
import { type EventNode, powerLevelsAmong } from '../event-node.ts'
import { costOf, eventsAgainst, verdictAgainst } from '../judge.ts'
import { compareByMainline, comparePositions, Mainline } from '../mainline-order.ts'
import {
  compareByPower,
  isPowerEvent,
  reverseTopologicalPowerOrder,
} from '../reverse-topological-power-order.ts'
import { senderLevel } from '../sender-level.ts'
import type { SnapshotGraph } from '../snapshot-graph.ts'
import type { ResolutionNeed } from '../snapshot-reader.ts'
import {
  type Check,
  CheckedEntry,
  firstPlace,
  insertCheck,
  type MainlineGroup,
  removeCheck,
} from './check.ts'
import { CheckOrder } from './check-order.ts'

const CHECKS_PER_YIELD = 64

/**
 * The auth checks of a resolution by the second algorithm, kept so that they can be gone on with when a few events enter or
 * leave the full conflicted set. Only those checks are repeated whose entries read otherwise than before.
 *
 * An event that no power event refers to can be put into the order or taken out of it without a change to the rest: power
 * events are ordered by what they refer to, and else by comparison; all others by comparison alone. Where that does not hold,
 * all are put in order and checked anew.
 */
export class ContinuedChecks {
  readonly #conflicted: ConflictedState<ResolutionNeed>
  readonly #graph: SnapshotGraph
  readonly #full = new Set<EventNode>()
  readonly #order = new CheckOrder()
  readonly #checks = new Map<EventNode, Check>()
  readonly #entries = new Map<string, Map<string, CheckedEntry>>()
  /** How many power events, and what these refer to, refer to an event. */
  readonly #citedByPower = new Map<EventNode, number>()
  readonly #groups = new Map<EventNode | undefined, MainlineGroup>()
  #open = new Heap<Check>(compareLabels)
  readonly #opened = new Set<Check>()
  #powerLevels: EventNode | undefined
  #mainline: Mainline<ResolutionNeed>
  /** Power events on a circle of citations have no place in the order; then it is not gone on with. */
  #isCircular = false
  #touched = new Set<CheckedEntry>()
  /** How many events were checked so far. */
  checked = 0
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
    this.#mainline = new Mainline(this.#conflicted, undefined)
  }

  /** The events that take part. */
  get size(): number {
    return this.#full.size
  }

  /** The entries that may have another outcome than before; they are told once. */
  takeTouched(): ReadonlySet<CheckedEntry> {
    const touched = this.#touched
    this.#touched = new Set()
    return touched
  }

  /** All entries that have or had something of their own. */
  *entries(): Generator<CheckedEntry, void, void> {
    for (const keys of this.#entries.values()) {
      for (const entry of keys.values()) if (entry.place !== undefined) yield entry
    }
  }

  entryOf(type: string, stateKey: string): CheckedEntry {
    let keys = this.#entries.get(type)
    if (keys === undefined) this.#entries.set(type, (keys = new Map()))
    let entry = keys.get(stateKey)
    if (entry === undefined) keys.set(stateKey, (entry = new CheckedEntry(type, stateKey)))
    return entry
  }

  /** Notes that an entry came into conflict, or is in none any more; to be followed by {@link ContinuedChecks.change}. */
  setConflicted(entry: CheckedEntry, isConflicted: boolean): void {
    if (entry.isConflicted === isConflicted) return
    entry.isConflicted = isConflicted
    this.#touch(entry, -Infinity)
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
    for (const node of removed.toSorted((a, b) => b.level - a.level)) if (!this.#take(node)) return false
    this.#openLeft()
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
    yield* this.#settle(true)
    if (!(yield* this.#followMainline())) return false
    for (const node of others) yield* this.#insertOther(node)
    yield* this.#settle(false)
    return true
  }

  *#runAnew(): Suspendable<ResolutionNeed, void> {
    this.runs++
    this.#clear()
    yield* this.#graph.load([...this.#full])
    const power = yield* reverseTopologicalPowerOrder(this.#conflicted, this.#full)
    for (const node of power) {
      const level = yield* senderLevel(this.#conflicted, node)
      this.#insert(this.#order.all.length, yield* this.#newCheck(node, { level, isPower: true }))
    }
    yield* this.#settle(true)
    this.#powerLevels = yield* this.#resolvedPowerLevels()
    this.#mainline = new Mainline(this.#conflicted, this.#powerLevels)
    const others: Check[] = []
    for (const node of this.#full) {
      if (this.#checks.has(node)) continue
      if (isPowerEvent(node.pdu)) this.#isCircular = true
      others.push(yield* this.#newOther(node))
      if (others.length % CHECKS_PER_YIELD === 0) yield undefined
    }
    for (const check of others.toSorted(compareOthers)) this.#insert(this.#order.all.length, check)
    yield* this.#settle(false)
  }

  #clear(): void {
    this.#order.clear()
    this.#checks.clear()
    this.#citedByPower.clear()
    this.#groups.clear()
    this.#opened.clear()
    this.#open = new Heap(compareLabels)
    this.#isCircular = false
    for (const entry of this.entries()) this.#touched.add(entry)
    for (const keys of this.#entries.values()) {
      for (const entry of keys.values()) {
        entry.puts.length = 0
        entry.readers.length = 0
      }
    }
  }

  /** Puts a power event into the order; not where it is referred to, or refers to what has no place there yet. */
  *#insertPower(node: EventNode): Suspendable<ResolutionNeed, boolean> {
    let place = 0
    for (const cited of yield* authOf(this.#graph, node)) {
      if (!this.#full.has(cited)) continue
      const below = this.#checks.get(cited)
      if (below?.isPower !== true) return false
      place = Math.max(place, this.#order.placeOf(below) + 1)
    }
    const level = yield* senderLevel(this.#conflicted, node)
    const check = yield* this.#newCheck(node, { level, isPower: true })
    // It comes as soon as it is less than the one whose turn it would be.
    for (; place < this.#order.powerCount; place++) {
      const other = this.#order.all[place]
      if (other !== undefined && compareByPower(check, other) < 0) break
    }
    this.#insert(place, check)
    return true
  }

  *#insertOther(node: EventNode): Suspendable<ResolutionNeed, void> {
    const check = yield* this.#newOther(node)
    const { all, powerCount } = this.#order
    this.#insert(
      firstPlace(all, powerCount, (other) => compareOthers(other, check) > 0),
      check,
    )
  }

  *#newOther(node: EventNode): Suspendable<ResolutionNeed, Check> {
    const first = node.isPowerLevels ? node : powerLevelsAmong(yield* authOf(this.#graph, node))
    let group = this.#groups.get(first)
    if (group === undefined) {
      const position = first === undefined ? Infinity : yield* this.#mainline.positionOf(first)
      this.#groups.set(first, (group = { first, position, count: 0 }))
    }
    group.count++
    return yield* this.#newCheck(node, { level: 0, isPower: false, group })
  }

  *#newCheck(
    node: EventNode,
    { level, isPower, group }: { level: number; isPower: boolean; group?: MainlineGroup },
  ): Suspendable<ResolutionNeed, Check> {
    const { stateKey, type } = node.pdu
    if (isPower) {
      for (const cited of yield* authOf(this.#graph, node)) {
        this.#citedByPower.set(cited, (this.#citedByPower.get(cited) ?? 0) + 1)
      }
    }
    return {
      node,
      isPower,
      level,
      reads: node.tuples.map((tuple) => this.entryOf(...tuple)),
      entry: stateKey === undefined ? undefined : this.entryOf(type, stateKey),
      group,
      label: 0,
      against: undefined,
      isIn: false,
    }
  }

  #insert(place: number, check: Check): void {
    this.#order.insert(place, check)
    this.#checks.set(check.node, check)
    for (const { readers } of check.reads) insertCheck(readers, check)
    this.#reopen(check)
  }

  /** Takes an event out of the order; not where others have their places because of it. */
  #take(node: EventNode): boolean {
    const check = this.#checks.get(node)
    if (check === undefined) return true
    if (this.#citedByPower.has(node)) return false
    if (check.isPower) {
      for (const cited of this.#graph.authOf(node) ?? []) {
        const count = (this.#citedByPower.get(cited) ?? 0) - 1
        if (count > 0) this.#citedByPower.set(cited, count)
        else this.#citedByPower.delete(cited)
        if (count === 0 && this.#checks.get(cited)?.isPower === true && !isPowerEvent(cited.pdu)) return false
      }
    }
    this.#order.remove(check)
    this.#checks.delete(node)
    this.#opened.delete(check)
    for (const { readers } of check.reads) removeCheck(readers, check)
    if (check.group !== undefined && --check.group.count === 0) this.#groups.delete(check.group.first)
    if (check.isIn) this.#put(check, false)
    return true
  }

  /** Leaves those out of the queue that were taken out: their labels do not count any more. */
  #openLeft(): void {
    this.#open = new Heap(compareLabels)
    for (const check of this.#opened) this.#open.push(check)
  }

  /** Checks again, in their order, those events whose entries may read otherwise than before. */
  *#settle(isPower: boolean): Suspendable<ResolutionNeed, void> {
    let steps = 0
    for (let check = this.#open.peek(); check?.isPower === isPower; check = this.#open.peek()) {
      this.#open.pop()
      this.#opened.delete(check)
      yield* this.#check(check)
      steps += costOf(check.node)
      if (steps < CHECKS_PER_YIELD) continue
      steps = 0
      yield undefined
    }
  }

  *#check(check: Check): Suspendable<ResolutionNeed, void> {
    const { node, label } = check
    const against = yield* eventsAgainst(this.#conflicted, node, {
      state: { get: (type, stateKey) => this.#entries.get(type)?.get(stateKey)?.before(label) },
      withCommon: true,
      withOwnAuth: true,
      upcoming: () => this.#upcoming(check),
    })
    const before = check.against
    if (before !== undefined && against.every((event, index) => event === before[index])) return
    this.checked++
    check.against = against
    const isIn = verdictAgainst(node, against).allowed && !node.isRejected
    if (isIn !== check.isIn) this.#put(check, isIn)
  }

  /** The entries of the unconflicted part that the next checks read. */
  #upcoming(check: Check): readonly StateTuple[] {
    const place = this.#order.placeOf(check)
    const next = this.#order.all.slice(place, place + CHECKS_PER_YIELD)
    const entries = new Set(next.flatMap(({ reads }) => reads))
    return [...entries]
      .filter(({ isConflicted }) => !isConflicted)
      .map(({ type, stateKey }) => [type, stateKey])
  }

  /** Lets an event enter the state at its place, or leave it there. */
  #put(check: Check, isIn: boolean): void {
    check.isIn = isIn
    const { entry, node } = check
    if (entry === undefined) return
    const record = this.#graph.recordOf(node)
    if (record !== undefined) entry.place ??= { type: record.typeNid, stateKey: record.stateKeyNid }
    if (isIn) insertCheck(entry.puts, check)
    else removeCheck(entry.puts, check)
    this.#touch(entry, check.label)
  }

  /** What an entry has after this label is not what it was, up to where the next event is put there. */
  #touch(entry: CheckedEntry, label: number): void {
    this.#touched.add(entry)
    const until = entry.puts[firstPlace(entry.puts, 0, (put) => put.label > label)]?.label ?? Infinity
    const { readers } = entry
    for (let place = firstPlace(readers, 0, (one) => one.label > label); place < readers.length; place++) {
      const reader = readers[place]
      if (reader === undefined || reader.label > until) return
      this.#reopen(reader)
    }
  }

  #reopen(check: Check): void {
    if (this.#opened.has(check)) return
    this.#opened.add(check)
    this.#open.push(check)
  }

  *#resolvedPowerLevels(): Suspendable<ResolutionNeed, EventNode | undefined> {
    const entry = this.entryOf('m.room.power_levels', '')
    const last = entry.puts.at(-1)?.node
    if (last !== undefined || entry.isConflicted) return last
    const [common] = yield* this.#graph.entries([['m.room.power_levels', '']])
    return common
  }

  /** Takes the mainline of other power levels, if the order of the events stays what it is. */
  *#followMainline(): Suspendable<ResolutionNeed, boolean> {
    const powerLevels = yield* this.#resolvedPowerLevels()
    if (powerLevels === this.#powerLevels) return true
    const mainline = new Mainline(this.#conflicted, powerLevels)
    const groups = [...this.#groups.values()].sort((a, b) => comparePositions(a.position, b.position))
    let last: { readonly old: number; readonly now: number } | undefined
    for (const group of groups) {
      const { first, position: old } = group
      const now = first === undefined ? Infinity : yield* mainline.positionOf(first)
      if (last !== undefined && comparePositions(last.old, old) !== comparePositions(last.now, now))
        return false
      group.position = now
      last = { old, now }
    }
    this.#powerLevels = powerLevels
    this.#mainline = mainline
    return true
  }
}

function compareLabels(a: Check, b: Check): number {
  return a.label - b.label
}

function compareOthers(a: Check, b: Check): number {
  return compareByMainline(placed(a), placed(b))
}

function placed({ node, group }: Check): { readonly node: EventNode; readonly position: number } {
  return { node, position: group?.position ?? Infinity }
}
