import type { StateTuple } from '@roomserver/auth'
import type { Suspendable } from '@roomserver/types'
import type { ConflictedState } from '../conflicted-state.ts'
import { costOf, eventsAgainst, verdictAgainst } from '../judge.ts'
import type { SnapshotGraph } from '../snapshot-graph.ts'
import type { ResolutionNeed } from '../snapshot-reader.ts'
import { type Check, type CheckedEntry, firstPlace, insertCheck, removeCheck } from './check.ts'
import type { CheckOrder } from './check-order.ts'
import type { CheckedEntries } from './checked-entries.ts'
import { OpenChecks } from './open-checks.ts'

const CHECKS_PER_YIELD = 64

/** Makes those checks again whose entries may read otherwise than before, and lets their events enter the state or leave it. */
export class RepeatedChecks {
  readonly #conflicted: ConflictedState<ResolutionNeed>
  readonly #graph: SnapshotGraph
  readonly #order: CheckOrder
  readonly #entries: CheckedEntries
  readonly #open = new OpenChecks()
  #touched = new Set<CheckedEntry>()
  /** How many checks were made so far. */
  made = 0

  constructor(
    conflicted: ConflictedState<ResolutionNeed>,
    graph: SnapshotGraph,
    order: CheckOrder,
    entries: CheckedEntries,
  ) {
    this.#conflicted = conflicted
    this.#graph = graph
    this.#order = order
    this.#entries = entries
  }

  /** The entries that may have another outcome than before; they are told once. */
  takeTouched(): ReadonlySet<CheckedEntry> {
    const touched = this.#touched
    this.#touched = new Set()
    return touched
  }

  /** Has a check made that came into the order. */
  add(check: Check): void {
    for (const { readers } of check.reads) insertCheck(readers, check)
    this.#open.add(check)
  }

  /** Undoes checks that were taken out of the order. */
  remove(checks: readonly Check[]): void {
    for (const check of checks) {
      for (const { readers } of check.reads) removeCheck(readers, check)
      if (check.isIn) this.#put(check, false)
    }
    this.#open.remove(checks)
  }

  /** Undoes all of them. */
  clear(): void {
    this.#open.clear()
    for (const entry of this.#entries.placed()) this.#touched.add(entry)
    this.#entries.clearChecks()
  }

  /** What an entry has after this label is not what it was, up to where the next event is put there. */
  touch(entry: CheckedEntry, label: number): void {
    this.#touched.add(entry)
    const { puts, readers } = entry
    const until = puts[firstPlace(puts, (put) => put.label > label)]?.label ?? Infinity
    for (let place = firstPlace(readers, (one) => one.label > label); place < readers.length; place++) {
      const reader = readers[place]
      if (reader === undefined || reader.label > until) return
      this.#open.add(reader)
    }
  }

  /** Makes the checks of the power events that are to be made, or those of the others, in their order. */
  *settle(isPower: boolean): Suspendable<ResolutionNeed, void> {
    let steps = 0
    for (let check = this.#open.take(isPower); check !== undefined; check = this.#open.take(isPower)) {
      yield* this.#make(check)
      steps += costOf(check.node)
      if (steps < CHECKS_PER_YIELD) continue
      steps = 0
      yield undefined
    }
  }

  *#make(check: Check): Suspendable<ResolutionNeed, void> {
    const { node, label } = check
    const against = yield* eventsAgainst(this.#conflicted, node, {
      state: { get: (type, stateKey) => this.#entries.before(type, stateKey, label) },
      withCommon: true,
      withOwnAuth: true,
      upcoming: () => this.#upcoming(check),
    })
    const before = check.against
    if (before !== undefined && against.every((event, index) => event === before[index])) return
    this.made++
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
    this.touch(entry, check.label)
  }
}
