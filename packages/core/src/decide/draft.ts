import type { Pdu, PolicyServer } from '@roomserver/events'
import type { ContinuedResolution } from '@roomserver/state'
import {
  type BlockRecord,
  type CommitResult,
  type EventId,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  type EventUpdate,
  type Interned,
  type InviteRecord,
  isRejected,
  type JournalRecord,
  type MembershipRecord,
  NO_NID,
  type OutputKind,
  type OutputRecord,
  type RedactionRecord,
  type RoomRecord,
  type SnapshotNid,
  type SnapshotRecord,
  type StateKeyNid,
  type RemoteStateRecord,
  type TransactionRecord,
  type WriteSet,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { EvaluatedRoom, StateNids } from '../evaluate/room.ts'
import type { Extremities } from '../view/extremities.ts'
import type { View } from '../view/view.ts'
import type { RoomReads } from './room-reads.ts'

type Conflict = Extract<CommitResult, { kind: 'conflict' }>['over']

/** What a decision takes from its surroundings beside the room. */
export interface DecideContext {
  /** Name of this server. */
  readonly serverName: string
  /** Whether other servers' events that lack nothing are taken into rooms that our users have all left. */
  readonly acceptsEventsForDepartedRooms: boolean
  /** How many forward extremities a room may have before they are merged. */
  readonly maxExtremities: number
  /** Hands out NIDs; `undefined`: more have to be fetched first. */
  readonly nids: NidSource
}

/** NIDs that nobody else gets; what is not used is lost. */
export interface NidSource extends StateNids {
  take(kind: 'event'): EventNid | undefined
  take(kind: 'eventType'): EventTypeNid | undefined
  take(kind: 'stateKey'): StateKeyNid | undefined
  take(kind: 'block'): BlockRecord['nid'] | undefined
  take(kind: 'snapshot'): SnapshotRecord['nid'] | undefined
}

/**
 * A room in the course of being decided upon: as it was read, as it will be, and everything that has to be written for
 * that. Decisions follow each other on one draft, each seeing what the ones before it did; then all of it is
 * committed as one write set.
 */
export class Draft implements EvaluatedRoom {
  readonly context: DecideContext
  readonly view: View
  readonly reads: RoomReads
  readonly rules: RoomVersionRules
  /** The room as it was read. */
  readonly read: RoomRecord
  /** The room as it will be. */
  room: RoomRecord

  /** Policy servers that current states have been found to name. */
  readonly policies = new Map<SnapshotNid, PolicyServer | undefined>()
  /** Events that failed softly for want of the policy server's signature, and have it now. */
  readonly signedLate = new Set<EventNid>()
  /** Events that the policy server has not been asked about so far. */
  readonly unchecked = new Set<EventNid>()
  #isPolicyChanged = false
  /** The resolution that its current state comes from, to be gone on with once this is committed. */
  resolution: ContinuedResolution | undefined

  /** The forward extremities of the room as it will be, once they were read; to be asked for with `extremitiesOf`. */
  extremities: Extremities | undefined

  /** Whether it changes what a resolution reads of stored events: their auth events, or whether they were rejected. */
  changesAuth = false

  readonly #unmentioned = new Set<EventId>()
  readonly #unnamed = new Set<string>()
  readonly #eventTypes: Interned<EventTypeNid>[] = []
  readonly #stateKeys: Interned<StateKeyNid>[] = []
  readonly #events = new Map<EventNid, EventRecord>()
  readonly #updates = new Map<EventNid, EventUpdate>()
  readonly #missingPrevEvents: { readonly prev: string; readonly by: EventNid }[] = []
  readonly #remoteStates = new Map<EventNid, RemoteStateRecord>()
  readonly #blocks: BlockRecord[] = []
  readonly #snapshots: SnapshotRecord[] = []
  readonly #memberships = new Map<StateKeyNid, MembershipRecord>()
  readonly #invites = new Map<EventNid, InviteRecord>()
  readonly #redactions = new Map<EventNid, RedactionRecord>()
  readonly #journal: JournalRecord[] = []
  readonly #outputs: OutputRecord[] = []
  readonly #transactions: TransactionRecord[] = []

  constructor(
    context: DecideContext,
    view: View,
    reads: RoomReads,
    rules: RoomVersionRules,
    room: RoomRecord,
  ) {
    this.context = context
    this.view = view
    this.reads = reads
    this.rules = rules
    this.read = room
    this.room = room
    this.extremities = view.cache.extremities.of(room.nid)
  }

  /** Whether nothing was decided that has to be written. */
  get isEmpty(): boolean {
    const written = [this.#events, this.#updates, this.#memberships, this.#remoteStates].map(
      ({ size }) => size,
    )
    const count = written.reduce((sum, size) => sum + size, this.#outputs.length)
    return count === 0 && this.room === this.read
  }

  /** Whether it rests on something that only a commit can show to be right. */
  get isAssuming(): boolean {
    return this.#unmentioned.size + this.#unnamed.size > 0
  }

  /** Whether a conflict shows that what it rests on is wrong. */
  isWrong(over: Conflict): boolean {
    if (over === 'event') return this.isAssuming
    return over === 'string' && this.#unnamed.size > 0
  }

  /** Whether it rests on something that its commit would not show to be wrong. */
  get isUnproven(): boolean {
    const given = new Set(this.#stateKeys.map(({ text }) => text))
    return [...this.#unnamed].some((text) => !given.has(text))
  }

  /** Assumes that no stored row mentions this event ID; the commit fails where that is wrong. */
  assumeUnmentioned(id: EventId): void {
    this.#unmentioned.add(id)
    this.view.addAbsent(id)
    this.reads.setUnmentioned(id)
  }

  /** Takes a state key for one that the store does not know; the commit fails where it gets a NID and that is wrong. */
  assumeUnnamed(text: string): void {
    this.#unnamed.add(text)
    this.view.addNewStateKey(text)
  }

  /** Events that it adds or changes. */
  get touchedEvents(): readonly EventNid[] {
    return [...this.#events.keys(), ...this.#updates.keys()]
  }

  /** Events whose remote states are to be looked at once this is committed. */
  get dueRemoteStates(): readonly EventNid[] {
    const due = [...this.#remoteStates.values()].filter(
      ({ waitsFor, isVerified }) => waitsFor === NO_NID && !isVerified,
    )
    return due.map(({ event }) => event)
  }

  /** Whether the room has another policy server than before, or none any more. */
  get isPolicyChanged(): boolean {
    return this.#isPolicyChanged
  }

  notePolicyChange(): void {
    this.#isPolicyChanged = true
  }

  /** Users whose memberships it changes. */
  get changedMembers(): readonly StateKeyNid[] {
    return [...this.#memberships.keys()]
  }

  addEventType(nid: EventTypeNid, text: string): void {
    this.#eventTypes.push({ nid, text })
    this.view.addType(nid, text)
  }

  addStateKey(nid: StateKeyNid, text: string): void {
    this.#stateKeys.push({ nid, text })
    this.view.addStateKey(nid, text)
    // A state key created just now has no pending invites.
    this.reads.setPendingInvites(text, [])
  }

  addEvent(record: EventRecord, pdu: Pdu): void {
    this.#events.set(record.nid, record)
    this.view.addEvent(record, pdu)
  }

  /** Changes an event, be it stored already or part of this draft. */
  updateEvent(record: EventRecord, change: Omit<EventUpdate, 'nid'>): EventRecord {
    const changed = { ...record, ...change }
    const isTurned = isRejected(changed.verdict) !== isRejected(record.verdict)
    if (isTurned || change.authNids !== undefined || change.authLevel !== undefined) this.changesAuth = true
    if (change.after !== undefined) this.extremities = undefined
    if (this.#events.has(record.nid)) this.#events.set(record.nid, changed)
    else this.#updates.set(record.nid, { ...this.#updates.get(record.nid), ...change, nid: record.nid })
    if (change.json !== undefined && this.view.pduOf(record, this.rules).type === 'm.room.policy')
      this.#rereadPolicy()
    this.view.addEvent(changed, change.json === undefined ? this.view.pduOf(record, this.rules) : undefined)
    return changed
  }

  addMissingPrevEvent(prev: string, by: EventNid): void {
    this.#missingPrevEvents.push({ prev, by })
    this.reads.addSuccessor(prev, by)
  }

  /**
   * Notes that an event stands at a remote state, or what that waits for now.
   *
   * @param waitsFor - see `RemoteStateRecord`
   */
  setRemoteState(event: EventNid, waitsFor: EventNid): void {
    this.#putRemoteState({ event, roomNid: this.read.nid, waitsFor, isVerified: false })
  }

  /** Records that the state before an event was derived from its history, so that remote state is not used any longer. */
  setRemoteStateVerified(event: EventNid): void {
    this.#putRemoteState({ event, roomNid: this.read.nid, waitsFor: event, isVerified: true })
  }

  #putRemoteState(record: RemoteStateRecord): void {
    this.#remoteStates.set(record.event, record)
    this.reads.setRemoteState(record)
  }

  /** What an `m.room.policy` says has changed: it was redacted. */
  #rereadPolicy(): void {
    this.#isPolicyChanged = true
    this.policies.clear()
  }

  addBlock(block: BlockRecord): void {
    this.#blocks.push(block)
    this.view.addBlock(block)
  }

  addSnapshot(snapshot: SnapshotRecord): void {
    this.#snapshots.push(snapshot)
    this.view.addSnapshot(snapshot)
  }

  setMembership(membership: MembershipRecord): void {
    this.#memberships.set(membership.user, membership)
  }

  setInvite(invite: InviteRecord): void {
    this.#invites.set(invite.event, invite)
  }

  setRedaction(redaction: RedactionRecord): void {
    this.#redactions.set(redaction.redaction, redaction)
  }

  addJournal(entry: Omit<JournalRecord, 'roomNid' | 'revision'>): void {
    this.#journal.push({ ...entry, roomNid: this.read.nid, revision: this.read.revision + 1 })
  }

  addOutput(kind: OutputKind, event: EventNid, body: object): void {
    const seq = this.room.outputSeq + 1
    this.room = { ...this.room, outputSeq: seq }
    this.#outputs.push({ roomNid: this.read.nid, seq, kind, event, body: JSON.stringify(body) })
  }

  addTransaction(transaction: TransactionRecord): void {
    this.#transactions.push(transaction)
  }

  /**
   * Everything that is to be written.
   *
   * @param inboxDone - positions in the durable inbox that this settles
   */
  writeSet(inboxDone: readonly number[]): WriteSet {
    return {
      room: this.read,
      next: this.room,
      unmentioned: [...this.#unmentioned],
      eventTypes: this.#eventTypes,
      stateKeys: this.#stateKeys,
      events: [...this.#events.values()],
      updates: [...this.#updates.values()],
      missingPrevEvents: this.#missingPrevEvents,
      remoteStates: [...this.#remoteStates.values()],
      blocks: this.#blocks,
      snapshots: this.#snapshots,
      memberships: [...this.#memberships.values()],
      invites: [...this.#invites.values()],
      redactions: [...this.#redactions.values()],
      journal: this.#journal,
      outputs: this.#outputs,
      transactions: this.#transactions,
      inboxDone,
    }
  }
}
