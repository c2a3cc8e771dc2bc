import { checkAuth, checkRedaction, softFailure } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import {
  applyChanges,
  type ConflictedEntry,
  difference,
  lookup,
  resolveSnapshots,
  snapshotOf as stateOf,
  type StateChange,
} from '@roomserver/state'
import {
  type EventId,
  type EventNid,
  type EventRecord,
  isRejected,
  type JournalCause,
  newRoom,
  NO_NID,
  type RoomId,
  type RoomNid,
  type RoomRecord,
  type SnapshotNid,
  type StateEntry,
  type Suspendable,
  type Verdict,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { checkByAuthEvents } from '../event/check-by-auth-events.ts'
import type { PlacedJournalRecord } from '../read/inspection-source.ts'
import type { RecordNeed } from '../read/record-reader.ts'
import { authStateAt, eventsOf, snapshotOf } from '../read/records.ts'
import type { OfflineRecords } from './offline-records.ts'

/** What became of an event. */
interface Evaluation {
  readonly verdict: Verdict
  readonly rule?: string | undefined
  readonly reason?: string | undefined
}

/**
 * A room as it becomes by the events of a file, one after another, as if a server received them in that order: states,
 * verdicts, forward extremities, current state and journal.
 */
export class OfflineRoom {
  readonly rules: RoomVersionRules
  /** NIDs in the order of arrival. */
  readonly events: EventNid[] = []
  readonly journal: PlacedJournalRecord[] = []
  /** Events whose state before was made of their auth events, because the file has none of their prev events. */
  readonly atGivenState = new Set<EventNid>()
  readonly missing = new Set<EventId>()
  /** Events whose state before may lack entries, because one before them is at a given state. */
  readonly #atPartialState = new Set<EventNid>()
  /** Accepted redactions of events that did not come yet. */
  readonly #early = new Map<EventId, EventRecord[]>()
  readonly #records: OfflineRecords
  #room: RoomRecord

  constructor(records: OfflineRecords, rules: RoomVersionRules, roomId: RoomId) {
    this.#records = records
    this.rules = rules
    this.#room = newRoom({ nid: records.nextNid<RoomNid>(), roomId, version: rules.version })
  }

  get room(): RoomRecord {
    return this.#room
  }

  /** Takes an event that comes behind all of its prev events that the file has. */
  *receive(pdu: Pdu): Suspendable<RecordNeed, void> {
    const { prev, states } = this.#statesBefore(pdu)
    const isGiven = states.length === 0 && !isRoot(pdu)
    const isPartial = isGiven || prev.some((record) => this.#atPartialState.has(record.nid))
    const before = yield* this.#stateBefore(pdu, states, isPartial)
    const nid = this.#records.nextNid<EventNid>()
    const evaluation = yield* this.#evaluate(pdu, before)
    this.#room = { ...this.#room, revision: this.#room.revision + 1 }
    const record = this.#recordOf(pdu, nid, before, evaluation)
    const after = yield* this.#stateAfter(record)
    this.#keep({ ...record, after }, pdu)
    yield* this.#redactByEarlier(record)
    if (isGiven && before !== NO_NID) this.atGivenState.add(nid)
    if (isPartial) this.#atPartialState.add(nid)
    if (evaluation.verdict !== 'accepted') return
    yield* this.#extend({ ...record, after }, prev)
    yield* this.#redactBy({ ...record, after }, pdu)
  }

  /** Takes an event of which no place in the graph is known. */
  *receiveOutlier(pdu: Pdu): Suspendable<RecordNeed, void> {
    const nid = this.#records.nextNid<EventNid>()
    const { verdict: byAuth } = yield* checkByAuthEvents(this.#records, this.rules, pdu)
    const evaluation: Evaluation = byAuth.allowed
      ? { verdict: 'outlier' }
      : { verdict: 'rejected-by-auth-events', rule: byAuth.rule, reason: byAuth.reason }
    const record = this.#recordOf(pdu, nid, NO_NID, evaluation)
    this.#keep(record, pdu)
    yield* this.#redactByEarlier(record)
  }

  /** Takes a state as the current one: that of an answer of `/state`. */
  *setCurrent(entries: readonly StateEntry[]): Suspendable<RecordNeed, void> {
    const made = yield* this.#known(stateOf(entries, this.#records.allocatorFor(this.#room.nid)))
    this.#room = { ...this.#room, revision: 1, current: this.#records.addState(made.snapshot, made.blocks) }
  }

  #statesBefore(pdu: Pdu): {
    readonly prev: readonly EventRecord[]
    readonly states: readonly SnapshotNid[]
  } {
    const prev: EventRecord[] = []
    for (const id of new Set(pdu.prevEvents)) {
      const record = this.#records.eventById(id)
      if (record === null || record.roomNid !== this.#room.nid) this.missing.add(id)
      else if (record.before !== NO_NID || record.after !== NO_NID) prev.push(record)
    }
    return { prev, states: [...new Set(prev.map(({ after }) => after))] }
  }

  *#stateBefore(
    pdu: Pdu,
    states: readonly SnapshotNid[],
    isPartial: boolean,
  ): Suspendable<RecordNeed, SnapshotNid> {
    if (states.length > 0) {
      const { snapshot } = yield* this.#resolve(states)
      return isPartial ? yield* this.#completed(snapshot, pdu) : snapshot
    }
    const entries = isRoot(pdu) ? [] : this.#entriesOf(pdu.authEvents)
    const made = yield* this.#known(stateOf(entries, this.#records.allocatorFor(this.#room.nid)))
    return this.#records.addState(made.snapshot, made.blocks)
  }

  /** A state that may lack entries, with those that the auth events of an event have for it. */
  *#completed(state: SnapshotNid, { authEvents }: Pdu): Suspendable<RecordNeed, SnapshotNid> {
    const snapshot = yield* snapshotOf(this.#records, state)
    const lacking: StateEntry[] = []
    for (const entry of this.#entriesOf(authEvents)) {
      const there = yield* lookup(snapshot, entry.type, entry.stateKey, this.#records)
      if (there === NO_NID) lacking.push(entry)
    }
    return lacking.length === 0 ? state : yield* this.#changed(state, lacking)
  }

  /** The entries that auth events make up. */
  #entriesOf(ids: readonly EventId[]): readonly StateEntry[] {
    return ids.flatMap((id) => {
      const record = this.#records.eventById(id)
      if (record === null || record.roomNid !== this.#room.nid || isRejected(record.verdict)) return []
      return [{ type: record.typeNid, stateKey: record.stateKeyNid, event: record.nid }]
    })
  }

  *#evaluate(pdu: Pdu, before: SnapshotNid): Suspendable<RecordNeed, Evaluation> {
    const { verdict: named } = yield* checkByAuthEvents(this.#records, this.rules, pdu)
    if (!named.allowed) return refusedAs('rejected-by-auth-events', named)
    const atState = checkAuth(pdu, yield* authStateAt(this.#records, this.rules, before, pdu))
    if (!atState.allowed) return refusedAs('rejected-by-state', atState)
    const { current } = this.#room
    if (current === NO_NID || current === before) return { verdict: 'accepted' }
    const failure = softFailure(pdu, yield* authStateAt(this.#records, this.rules, current, pdu))
    return failure === undefined ? { verdict: 'accepted' } : refusedAs('soft-failed', failure)
  }

  #recordOf(pdu: Pdu, nid: EventNid, before: SnapshotNid, evaluation: Evaluation): EventRecord {
    const auth = pdu.authEvents
      .map((id) => this.#records.eventById(id))
      .filter((record) => record !== null && record.roomNid === this.#room.nid)
      .filter((record) => record !== null)
    return {
      nid,
      roomNid: this.#room.nid,
      eventId: pdu.eventId,
      typeNid: this.#records.types.put(pdu.type),
      stateKeyNid: pdu.stateKey === undefined ? NO_NID : this.#records.stateKeys.put(pdu.stateKey),
      depth: pdu.depth,
      authLevel: Math.max(-1, ...auth.map(({ authLevel }) => authLevel)) + 1,
      authNids: auth.map((record) => record.nid),
      before,
      after: before,
      redactedBy: NO_NID,
      json: pdu.json,
      ...evaluation,
    }
  }

  *#stateAfter({
    before,
    nid,
    stateKeyNid,
    typeNid,
    verdict,
  }: EventRecord): Suspendable<RecordNeed, SnapshotNid> {
    if (stateKeyNid === NO_NID || isRejected(verdict)) return before
    return yield* this.#changed(before, [{ type: typeNid, stateKey: stateKeyNid, event: nid }])
  }

  *#changed(base: SnapshotNid, changes: readonly StateEntry[]): Suspendable<RecordNeed, SnapshotNid> {
    const records = this.#records
    const from = records.snapshot(base)
    const made = yield* this.#known(
      applyChanges(from, changes, records, records.allocatorFor(this.#room.nid)),
    )
    return records.addState(made.snapshot, made.blocks)
  }

  *#resolve(states: readonly SnapshotNid[]): Suspendable<RecordNeed, Resolved> {
    const [first = NO_NID] = states
    if (states.length === 1) return { snapshot: first, conflicted: [] }
    const snapshots = []
    for (const state of states) snapshots.push(yield* snapshotOf(this.#records, state))
    const { base, changes, conflicted } = yield* resolveSnapshots(snapshots, this.#records, {
      rules: this.rules,
    })
    return { snapshot: yield* this.#changed(states[base] ?? first, changes), conflicted }
  }

  /** Nothing has to be looked up first. */
  *#known<Need, Result>(computation: Suspendable<Need, Result>): Suspendable<never, Result> {
    for (;;) {
      const step = computation.next()
      if (step.done === true) return step.value
      yield undefined
    }
  }

  /** Marks what a redaction redacts, where the rules allow it. The text stays as the file has it. */
  *#redactBy(redaction: EventRecord, pdu: Pdu): Suspendable<RecordNeed, void> {
    const { redacts } = pdu
    if (pdu.type !== 'm.room.redaction' || redacts === undefined) return
    const target = this.#records.eventById(redacts)
    if (target === null) {
      this.#early.set(redacts, [...(this.#early.get(redacts) ?? []), redaction])
      return
    }
    if (target.roomNid !== this.#room.nid || target.redactedBy !== NO_NID) return
    const targetPdu = this.#records.pduOf(target, this.rules)
    const state = yield* authStateAt(this.#records, this.rules, redaction.before, pdu)
    if (!checkRedaction(pdu, targetPdu, state).allowed) return
    this.#records.add({ ...target, redactedBy: redaction.nid }, targetPdu)
  }

  /** Redactions can come before what they redact. */
  *#redactByEarlier({ eventId }: EventRecord): Suspendable<RecordNeed, void> {
    const early = this.#early.get(eventId) ?? []
    this.#early.delete(eventId)
    for (const redaction of early)
      yield* this.#redactBy(redaction, this.#records.pduOf(redaction, this.rules))
  }

  #keep(record: EventRecord, pdu: Pdu): void {
    this.#records.add(record, pdu)
    this.events.push(record.nid)
    this.missing.delete(pdu.eventId)
  }

  /** Makes an accepted event a forward extremity, and finds the current state. */
  *#extend(record: EventRecord, prev: readonly EventRecord[]): Suspendable<RecordNeed, void> {
    const covered = this.#coveredBy(prev)
    const nids = [...this.#room.extremities.filter((nid) => !covered.has(nid)), record.nid]
    const extremities = yield* eventsOf(this.#records, nids)
    const states = [...new Set(extremities.map(({ after }) => after))]
    const { conflicted, snapshot: current } = yield* this.#resolve(states)
    const from = yield* snapshotOf(this.#records, this.#room.current)
    const changes = yield* difference(from, yield* snapshotOf(this.#records, current), this.#records)
    const depth = Math.max(...extremities.map((event) => event.depth))
    this.#room = { ...this.#room, extremities: nids, current, depth }
    for (const [place, change] of changes.entries())
      this.journal.push(this.#journalRecord(change, { place, event: record.nid, conflicted }))
  }

  /** What events cover, and what they build on by way of such as were not accepted. */
  #coveredBy(prev: readonly EventRecord[]): ReadonlySet<EventNid> {
    const covered = new Set<EventNid>()
    const open = [...prev]
    for (let record = open.pop(); record !== undefined; record = open.pop()) {
      if (covered.has(record.nid)) continue
      covered.add(record.nid)
      if (record.verdict === 'accepted') continue
      const { prevEvents } = this.#records.pduOf(record, this.rules)
      open.push(...prevEvents.flatMap((id) => this.#records.eventById(id) ?? []))
    }
    return covered
  }

  #journalRecord(
    { from, stateKey, to, type }: StateChange,
    { conflicted, event, place }: ChangeCause,
  ): PlacedJournalRecord {
    const entry = conflicted.find((one) => one.type === type && one.stateKey === stateKey)
    const cause: JournalCause =
      entry === undefined
        ? { kind: 'event', event }
        : { kind: 'resolution', event, conflicted: entry.candidates }
    const reset = to !== event && isFallback(this.#records.event(from), this.#records.event(to))
    return {
      roomNid: this.#room.nid,
      revision: this.#room.revision,
      place,
      type,
      stateKey,
      from,
      to,
      cause,
      reset,
    }
  }
}

interface Resolved {
  readonly snapshot: SnapshotNid
  readonly conflicted: readonly ConflictedEntry[]
}

interface ChangeCause {
  readonly place: number
  readonly event: EventNid
  readonly conflicted: readonly ConflictedEntry[]
}

function isRoot({ prevEvents, type }: Pdu): boolean {
  return type === 'm.room.create' && prevEvents.length === 0
}

function refusedAs(
  verdict: Verdict,
  { reason, rule }: { readonly rule: string; readonly reason: string },
): Evaluation {
  return { verdict, rule, reason }
}

/** Whether an entry goes back to an older event, or to none. */
function isFallback(from: EventRecord | undefined, to: EventRecord | undefined): boolean {
  if (from === undefined) return false
  return to === undefined || to.depth < from.depth || (to.depth === from.depth && to.nid < from.nid)
}
