import {
  type EventNid,
  NO_NID,
  type SnapshotNid,
  type SnapshotRecord,
  type StateEntry,
  type Suspendable,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { type Entries, NO_ENTRIES } from '../../snapshot/entries.ts'
import type { EventNode } from '../event-node.ts'
import type { ConflictedEntry } from '../resolve-snapshots.ts'
import { SnapshotGraph } from '../snapshot-graph.ts'
import type { ResolutionNeed, SnapshotReader } from '../snapshot-reader.ts'
import type { CheckedEntry } from './check.ts'
import { ContinuedChecks } from './continued-checks.ts'
import { Counted } from './counted.ts'
import {
  type DifferenceFromBase,
  differenceFromBase,
  type DifferingEntry,
  NO_DIFFERENCE,
} from './difference-from-base.ts'

/** The outcome of a resolution that was gone on with. */
export interface ContinuedOutcome {
  /** The state that the changes are to be made to. */
  readonly from: SnapshotNid
  /** Sorted by type and state key. */
  readonly changes: readonly StateEntry[]
  /** At least those conflicted entries whose outcome is not that of before. */
  readonly conflicted: readonly ConflictedEntry[]
}

/** What was done so far, in steps. */
export interface ContinuedWork {
  /** States that were compared with the base. */
  readonly compared: number
  /** Events that were checked. */
  readonly checked: number
  /** How often all events were put in order and checked anew. */
  readonly runs: number
}

/** So many events that have no part in it any more are kept. */
const MAX_IDLE = 1024

/** An entry that some state has otherwise than the base. */
interface CountedEntry {
  readonly place: DifferingEntry
  readonly events: Counted<EventNid>
  count: number
}

/** A base, what others have otherwise, and the checks that follow from that. */
export class StatesAgainstBase {
  readonly base: SnapshotNid
  readonly #snapshot: SnapshotRecord
  readonly #rules: RoomVersionRules
  readonly #graph: SnapshotGraph
  readonly #checks: ContinuedChecks
  readonly #entries = new Map<string, CountedEntry>()
  readonly #events = new Counted<EventNid>()
  /** Entries and events that may have come in or gone since the outcome was brought up to date. */
  readonly #openEntries = new Map<string, DifferingEntry>()
  readonly #openEvents = new Set<EventNid>()
  /** Events that take part as of the last outcome. */
  readonly #taking = new Set<EventNid>()
  #compared = 0
  #jsonBytes = 0

  constructor(
    snapshot: SnapshotRecord,
    layers: readonly Entries[],
    rules: RoomVersionRules,
    reader: SnapshotReader,
  ) {
    this.base = snapshot.nid
    this.#snapshot = snapshot
    this.#rules = rules
    this.#graph = new SnapshotGraph(reader, rules, {
      blocks: snapshot.blocks,
      layers,
      agreed: NO_ENTRIES,
      isConflicted: (type, stateKey) => this.#entries.has(`${type}/${stateKey}`),
    })
    this.#checks = new ContinuedChecks(this.#graph, rules)
  }

  get work(): ContinuedWork {
    return { compared: this.#compared, checked: this.#checks.checked, runs: this.#checks.runs }
  }

  get bytes(): number {
    return this.#graph.size * 2000 + this.#jsonBytes * 3
  }

  /** Whether most of what it keeps has no part any more. */
  get isWorn(): boolean {
    return this.#graph.size > MAX_IDLE + 4 * this.#checks.size
  }

  *compare(state: SnapshotRecord, reader: SnapshotReader): Suspendable<ResolutionNeed, DifferenceFromBase> {
    if (state.blocks.length === 0) return NO_DIFFERENCE
    this.#compared++
    return yield* differenceFromBase(this.#snapshot, state, reader, this.#rules)
  }

  add({ entries, events }: DifferenceFromBase): void {
    for (const place of entries) {
      const key = keyOf(place)
      let counted = this.#entries.get(key)
      if (counted === undefined)
        this.#entries.set(key, (counted = { place, events: new Counted(), count: 0 }))
      counted.count++
      counted.events.add(place.event)
      this.#openEntries.set(key, place)
    }
    for (const event of events) {
      this.#events.add(event)
      this.#openEvents.add(event)
    }
  }

  remove({ entries, events }: DifferenceFromBase): void {
    for (const place of entries) {
      const key = keyOf(place)
      const counted = this.#entries.get(key)
      if (counted === undefined) continue
      counted.events.remove(place.event)
      if (--counted.count === 0) this.#entries.delete(key)
      this.#openEntries.set(key, place)
    }
    for (const event of events) {
      this.#events.remove(event)
      this.#openEvents.add(event)
    }
  }

  /** @returns what the outcome has otherwise than the one before */
  *bringUpToDate(
    reader: SnapshotReader,
  ): Suspendable<ResolutionNeed, Pick<ContinuedOutcome, 'changes' | 'conflicted'>> {
    this.#graph.readFrom(reader)
    for (const [key, { stateKey, stateKeyNid, type, typeNid }] of this.#openEntries) {
      const entry = this.#checks.entries.of(type, stateKey)
      entry.place ??= { type: typeNid, stateKey: stateKeyNid }
      this.#checks.setConflicted(entry, this.#entries.has(key))
    }
    this.#openEntries.clear()
    yield* this.#graph.fetch(this.#openEvents)
    const added: EventNid[] = []
    const removed: EventNid[] = []
    for (const nid of this.#openEvents) {
      const isIn = this.#events.has(nid)
      if (isIn && !this.#taking.has(nid)) added.push(nid)
      if (!isIn && this.#taking.has(nid)) removed.push(nid)
    }
    this.#openEvents.clear()
    for (const nid of added) this.#taking.add(nid)
    for (const nid of removed) this.#taking.delete(nid)
    const [coming, going] = [this.#nodesOf(added), this.#nodesOf(removed)]
    for (const node of coming) this.#jsonBytes += this.#graph.recordOf(node)?.json.length ?? 0
    yield* this.#checks.change(coming, going)
    const changes: StateEntry[] = []
    const conflicted: ConflictedEntry[] = []
    for (const entry of this.#checks.takeTouched()) yield* this.#compareOutcome(entry, changes, conflicted)
    this.#graph.readFrom(NO_READER)
    return { changes: changes.sort(compareEntries), conflicted }
  }

  #nodesOf(nids: readonly EventNid[]): readonly EventNode[] {
    return nids.map((nid) => this.#graph.node(nid)).filter((node) => node !== undefined)
  }

  *#compareOutcome(
    entry: CheckedEntry,
    changes: StateEntry[],
    conflicted: ConflictedEntry[],
  ): Suspendable<ResolutionNeed, void> {
    if (entry.place === undefined) return
    const { type, stateKey } = entry.place
    const before = entry.outcome ?? this.#graph.layersEvent(type, stateKey)
    entry.outcome = yield* this.#outcomeOf(entry)
    if (entry.outcome === before) return
    changes.push({ type, stateKey, event: entry.outcome })
    const counted = this.#entries.get(`${type}/${stateKey}`)
    if (counted !== undefined) conflicted.push(this.#conflictedEntry(counted, entry.outcome))
  }

  *#outcomeOf({
    isConflicted,
    place,
    puts,
    stateKey,
    type,
  }: CheckedEntry): Suspendable<ResolutionNeed, EventNid> {
    const last = puts.at(-1)?.node.nid ?? NO_NID
    if (isConflicted || place === undefined) return last
    // The unconflicted part stands whatever came out.
    const [common] = yield* this.#graph.entries([[type, stateKey]])
    return common?.nid ?? last
  }

  #conflictedEntry({ place, events }: CountedEntry, winner: EventNid): ConflictedEntry {
    const { typeNid: type, stateKeyNid: stateKey } = place
    const candidates = new Set([this.#graph.layersEvent(type, stateKey), ...events.values])
    candidates.delete(NO_NID)
    return { type, stateKey, candidates: [...candidates].toSorted((a, b) => a - b), winner }
  }

  /** The outcome as what the base has otherwise. */
  wholeOutcome(): ContinuedOutcome {
    const changes: StateEntry[] = []
    const conflicted: ConflictedEntry[] = []
    for (const { place, outcome } of this.#checks.entries.placed()) {
      if (place === undefined || outcome === undefined) continue
      const { type, stateKey } = place
      if (outcome !== this.#graph.layersEvent(type, stateKey))
        changes.push({ type, stateKey, event: outcome })
      const counted = this.#entries.get(`${type}/${stateKey}`)
      if (counted !== undefined) conflicted.push(this.#conflictedEntry(counted, outcome))
    }
    return { from: this.base, changes: changes.sort(compareEntries), conflicted }
  }
}

function keyOf({ stateKeyNid, typeNid }: DifferingEntry): string {
  return `${typeNid}/${stateKeyNid}`
}

function compareEntries(a: StateEntry, b: StateEntry): number {
  return a.type - b.type || a.stateKey - b.stateKey
}

/** Stands for a reader between two steps, so that the one of the step before can be let go of. */
const NO_READER: SnapshotReader = {
  block: () => undefined,
  event: () => undefined,
  eventById: () => undefined,
  snapshot: () => undefined,
  authPduOf: (record) => {
    throw new RangeError(`event ${record.nid} is asked for while no resolution runs`)
  },
  typeNid: () => undefined,
  stateKeyNid: () => undefined,
}
