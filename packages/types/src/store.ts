import type { EventId, RoomId, RoomVersionId } from './ids.ts'
import {
  type BlockNid,
  type EventNid,
  type EventTypeNid,
  NO_NID,
  type RoomNid,
  type SnapshotNid,
  type StateKeyNid,
} from './nids.ts'

/**
 * What became of an event. These are different things and are kept apart:
 * - `outlier`: stored outside the room's graph, its state not known; passed the rules against its own auth events
 * - `accepted`: in the graph, allowed at the state before it (and by the current state, when it was new)
 * - `soft-failed`: in the graph and allowed there, but not by the room's current state when it arrived
 * - `rejected-by-auth-events`: refused by the rules against the events it references
 * - `rejected-by-state`: refused by the rules against the state before it
 * (Malformed events are not stored.)
 */
export type Verdict = 'outlier' | 'accepted' | 'soft-failed' | 'rejected-by-auth-events' | 'rejected-by-state'

/** Whether an event with this verdict was refused, and so changes nothing. */
export function isRejected(verdict: Verdict): boolean {
  return verdict === 'rejected-by-auth-events' || verdict === 'rejected-by-state'
}

/** A room as stored. A stub (no create event yet, as for an invite from elsewhere) has `current` 0. */
export interface RoomRecord {
  readonly nid: RoomNid
  readonly roomId: RoomId
  readonly version: RoomVersionId
  /** Moves on by one with every commit to the room; 0: not stored yet. */
  readonly revision: number
  /** Forward extremities. */
  readonly extremities: readonly EventNid[]
  /** The room's current state: the resolution over its forward extremities. */
  readonly current: SnapshotNid
  /** The event of the latest `new_room_event` output; 0: none yet. */
  readonly lastSent: EventNid
  /** The greatest depth of the forward extremities. */
  readonly depth: number
  /** The number of the room's latest output; outputs of a room are numbered 1, 2, 3 … without a gap. */
  readonly outputSeq: number
  /** Events of a lesser depth may have been purged with the history of the room; 0: nothing of it was. */
  readonly purgedDepth: number
}

/** An event as stored. Immutable but for `verdict`, `before`, `after` (when an outlier comes in or is re-evaluated) and redaction. */
export interface EventRecord {
  readonly nid: EventNid
  readonly roomNid: RoomNid
  readonly eventId: EventId
  readonly typeNid: EventTypeNid
  /** 0: no state event. */
  readonly stateKeyNid: StateKeyNid
  readonly depth: number
  /** 0 for an event without auth events, else one more than the greatest of them: unlike `depth`, nobody can lie about it. */
  readonly authLevel: number
  /** The events it references as auth events, as far as they are stored, in its own order. */
  readonly authNids: readonly EventNid[]
  readonly verdict: Verdict
  /** The rule that decided a verdict other than `accepted` and `outlier`, such as `v8 4.3.5`; else undefined. */
  readonly rule?: string | undefined
  readonly reason?: string | undefined
  /** State before the event; 0: not known. */
  readonly before: SnapshotNid
  /** State after the event; equals `before` for an event that is not a state event or was rejected. */
  readonly after: SnapshotNid
  /** The valid redaction that was applied to it; 0: none. Then `json` is the redacted event. */
  readonly redactedBy: EventNid
  /** The event in the federation format, canonical JSON; `unsigned` kept. */
  readonly json: string
  /**
   * Of a redacted event: a JSON object of the members that the authorization rules read and `json` has not any more.
   * `undefined`: it is not redacted, or was by a program that did not keep them.
   */
  readonly authContent?: string | undefined
}

/** The part of a stored event that goes out in answers. */
export type EventText = Pick<EventRecord, 'nid' | 'roomNid' | 'eventId' | 'json'>

/** What may change of a stored event. */
export interface EventUpdate {
  readonly nid: EventNid
  readonly verdict?: Verdict
  readonly rule?: string | undefined
  readonly reason?: string | undefined
  readonly before?: SnapshotNid
  readonly after?: SnapshotNid
  readonly redactedBy?: EventNid
  /** The redacted event. */
  readonly json?: string
  readonly authContent?: string
  /** Filled in when events that it references came in later. */
  readonly authNids?: readonly EventNid[]
  readonly authLevel?: number
}

/** A room that an operator blocked. It need not be stored. */
export interface BlockedRoom {
  readonly roomId: RoomId
  /** Who blocked it, as they say. */
  readonly by: string
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly sinceTs: number
}

/**
 * How far the purge of a room has come: every process is to learn of it, then the room is taken out and its rows are deleted,
 * then every process is to drop what it has cached of the room. `refused`: users of this server were in the room after all.
 */
export type PurgeStep = 'waiting' | 'deleting' | 'settling' | 'done' | 'refused'

/** A room that an operator has deleted. It takes no events until that is done. */
export interface PurgeRecord {
  readonly roomId: RoomId
  /** The NID that the room had, under which its rows are deleted; 0: the room was not taken out yet. */
  readonly roomNid: RoomNid
  /** Who ordered it, as they say. */
  readonly by: string
  /** Whether it is purged although users of this server are in it, or outputs of it wait. */
  readonly isForced: boolean
  readonly step: PurgeStep
  /** Why it was refused. */
  readonly reason: string
  /** Events that it had when it was ordered, and those of them that are deleted. */
  readonly events: number
  readonly deletedEvents: number
  /** When it was ordered and when the step began, in milliseconds since the epoch by the clock of the database. */
  readonly sinceTs: number
  readonly stepTs: number
}

/** What the purge of a room deletes. */
export interface PurgeEstimate {
  readonly events: number
  readonly snapshots: number
  readonly blocks: number
  readonly outputs: number
  /** Bytes of the contents, without what the database needs around them. */
  readonly bytes: number
}

/**
 * How far the purge of a room's history has come: its events are taken out of the graph, then what is not needed of them is
 * deleted.
 */
export type HistoryPurgeStep = 'removing' | 'deleting' | 'done'

/** Which part of a room's history is purged: what lies before a depth, or what is older than a time; the other is 0. */
export interface HistoryHorizon {
  readonly beforeDepth: number
  /** Milliseconds since the epoch, compared with what events say of when they were made. */
  readonly beforeTs: number
}

/** A purge of the history of a room, of which the latest is kept. */
export interface HistoryPurgeRecord extends HistoryHorizon {
  readonly roomId: RoomId
  readonly roomNid: RoomNid
  /** Who ordered it, as they say. */
  readonly by: string
  readonly step: HistoryPurgeStep
  /** Events of the history when it was ordered, those taken out of the graph, and those of them that are deleted. */
  readonly events: number
  readonly removedEvents: number
  readonly deletedEvents: number
  /** When it was ordered and when the step began, in milliseconds since the epoch by the clock of the database. */
  readonly sinceTs: number
  readonly stepTs: number
}

/** What the purge of the history of a room deletes. */
export interface HistoryPurgeEstimate {
  /** Events that go. */
  readonly events: number
  /** Events of the history that stay, outside the graph, as states or auth chains need them. */
  readonly keptEvents: number
  readonly snapshots: number
  /** Changes of the journal. */
  readonly changes: number
  readonly outputs: number
  /** Bytes of the texts of events. */
  readonly bytes: number
  /** Those of the events that users of this server sent, which no other server may have. */
  readonly localEvents: number
}

/** One entry of a room's state. `event` 0 in a block: the entry of earlier blocks is gone. */
export interface StateEntry {
  readonly type: EventTypeNid
  readonly stateKey: StateKeyNid
  readonly event: EventNid
}

/**
 * A state block: sorted by (type, state key), each pair once, immutable.
 * `entries` holds (type, state key, event) NIDs, three numbers an entry.
 */
export interface BlockRecord {
  readonly nid: BlockNid
  /** SHA-256 of the entries, the first 16 bytes as hex; equal blocks are stored once. */
  readonly hash: string
  readonly entries: Float64Array
}

/** A state snapshot: at most 64 blocks; a later block overrides an earlier one. */
export interface SnapshotRecord {
  readonly nid: SnapshotNid
  /** SHA-256 over the blocks' hashes, the first 16 bytes as hex; equal snapshots are stored once. */
  readonly hash: string
  readonly roomNid: RoomNid
  readonly blocks: readonly BlockNid[]
}

/** A membership as `m.room.member` events have it. */
export type Membership = 'join' | 'invite' | 'knock' | 'leave' | 'ban'

/** Who is what in a room, by its current state; one row per (room, user). */
export interface MembershipRecord {
  readonly roomNid: RoomNid
  /** The user, as the state key of the membership event. */
  readonly user: StateKeyNid
  readonly membership: Membership
  readonly event: EventNid
  /** Whether the user is one of this server's. */
  readonly local: boolean
  /** Whether the user has asked to forget the room. */
  readonly forgotten: boolean
}

/** A pending or retired invite. */
export interface InviteRecord {
  readonly roomNid: RoomNid
  readonly event: EventNid
  readonly target: StateKeyNid
  readonly sender: StateKeyNid
  /** The event (or 0) that ended it; undefined while it is pending. */
  readonly retiredBy?: EventNid | undefined
}

/** A redaction and what it redacts, which may not be here yet. */
export interface RedactionRecord {
  readonly redaction: EventNid
  readonly roomNid: RoomNid
  readonly redacts: EventId
  /** Whether it was found valid and applied. */
  readonly applied: boolean
}

/**
 * An event at remote state, since events that it builds on were missing. Once its whole
 * history is there, back to the create event, the state is worked out from that and the record is settled.
 */
export interface RemoteStateRecord {
  readonly event: EventNid
  readonly roomNid: RoomNid
  /**
   * The event whose remote state has to be worked out first; the event itself where prev events are missing;
   * 0: it is to be looked at now.
   */
  readonly waitsFor: EventNid
  readonly isVerified: boolean
}

/** Where an event ID is met with in the store: as that of a stored event, as a prev event, as what is redacted. */
export type Mention =
  | { readonly kind: 'event'; readonly id: EventId }
  | { readonly kind: 'prev-event'; readonly id: EventId; readonly by: EventNid }
  | { readonly kind: 'redaction'; readonly id: EventId; readonly redaction: RedactionRecord }

/** Why an entry of the current state changed. */
export type JournalCause =
  /** An event was added to the end of the graph. */
  | { readonly kind: 'event'; readonly event: EventNid }
  /** Branches met: `event` brought it about; `conflicted` are the events on which they differed. */
  | { readonly kind: 'resolution'; readonly event: EventNid; readonly conflicted: readonly EventNid[] }
  /** The state was given from outside (`has_state`), or an operator repaired it. */
  | { readonly kind: 'rewrite'; readonly event: EventNid }
  | { readonly kind: 'repair'; readonly by: string }

/** One change of a room's current state. */
export interface JournalRecord {
  readonly roomNid: RoomNid
  /** The room's revision that the change made. */
  readonly revision: number
  readonly type: EventTypeNid
  readonly stateKey: StateKeyNid
  /** 0: there was none. */
  readonly from: EventNid
  /** 0: there is none any more. */
  readonly to: EventNid
  readonly cause: JournalCause
  /** Whether the entry fell back to an older event or to none: a state reset. */
  readonly reset: boolean
}

/** The kinds of outputs, named as their payloads are. */
export type OutputKind =
  | 'new_room_event'
  | 'old_room_event'
  | 'new_invite_event'
  | 'retire_invite_event'
  | 'redacted_event'
  | 'new_peek'
  | 'new_inbound_peek'
  | 'retire_peek'

/**
 * An output as kept in the outbox. The event is kept once, in the events table: `body` is the JSON text of the
 * output's content without it (`event`, or `RedactedBecause` of a redacted_event, is put in first when it is read).
 */
export interface OutputRecord {
  readonly roomNid: RoomNid
  /** Number among the room's outputs: 1, 2, 3 … */
  readonly seq: number
  readonly kind: OutputKind
  /** 0: the output carries no event. */
  readonly event: EventNid
  readonly body: string
}

/** A string and the NID that was given to it. */
export interface Interned<N extends number> {
  readonly nid: N
  readonly text: string
}

/** A transaction of a client: the same one again is answered with the event it made. */
export interface TransactionRecord {
  readonly sessionId: number
  readonly transactionId: string
  readonly user: string
  readonly eventId: EventId
}

/**
 * How a repair stands: it waits for its turn, is under way (or was, when a process was killed), did not get what was
 * missing and may be tried again later, or was tried too often and is left to operators.
 */
export type RepairState = 'waiting' | 'running' | 'failed' | 'gave-up'

/** An event that waits because prev events are missing, and what was done to get them. */
export interface RepairRecord {
  /** The event that waits. */
  readonly eventId: EventId
  readonly roomId: RoomId
  /** The input as it came: JSON text of one InputRoomEvent, with its origin. */
  readonly payload: string
  readonly state: RepairState
  /** Events that were fetched and stored for it. */
  readonly fetched: number
  /** How often it was tried. */
  readonly attempts: number
  /** Why the last attempt did not succeed; empty: none has failed yet. */
  readonly lastError: string
  /** When the event came in, in ms since the epoch. */
  readonly sinceTs: number
  /** When it may be tried again, in ms since the epoch. */
  readonly nextTs: number
}

/**
 * Everything that deciding on input to one room wants written. It is stored whole, in one transaction, or not at
 * all, and only while the room's row still has the revision that it was decided at.
 */
export interface WriteSet {
  /** The room as it was read; `revision` is the one to move on from (0: the room must not exist). */
  readonly room: RoomRecord
  /** What the room's row becomes (its revision is moved on by the store). */
  readonly next: Pick<RoomRecord, 'version' | 'extremities' | 'current' | 'lastSent' | 'depth' | 'outputSeq'>
  /** Event IDs that were taken for ones that the store has not met with in any way ({@link Mention}). */
  readonly unmentioned: readonly EventId[]
  /** Strings whose NIDs are new; another process may have stored them meanwhile. */
  readonly eventTypes: readonly Interned<EventTypeNid>[]
  readonly stateKeys: readonly Interned<StateKeyNid>[]
  readonly events: readonly EventRecord[]
  readonly updates: readonly EventUpdate[]
  /** Events with a prev event that is not stored: when that arrives, it does not become a forward extremity. */
  readonly missingPrevEvents: readonly { readonly prev: EventId; readonly by: EventNid }[]
  /** Events at remote state, as they stand now. */
  readonly remoteStates: readonly RemoteStateRecord[]
  readonly blocks: readonly BlockRecord[]
  readonly snapshots: readonly SnapshotRecord[]
  readonly memberships: readonly MembershipRecord[]
  readonly invites: readonly InviteRecord[]
  readonly redactions: readonly RedactionRecord[]
  readonly journal: readonly JournalRecord[]
  readonly outputs: readonly OutputRecord[]
  readonly transactions: readonly TransactionRecord[]
  /** Positions in the durable inbox that this settles. */
  readonly inboxDone: readonly number[]
}

/** A room that is not stored yet, and of which nothing is known but this. */
export function newRoom({
  nid,
  roomId,
  version,
}: Pick<RoomRecord, 'nid' | 'roomId' | 'version'>): RoomRecord {
  const nothing = { extremities: [], current: NO_NID, lastSent: NO_NID, depth: 0, outputSeq: 0 }
  return { nid, roomId, version, revision: 0, purgedDepth: 0, ...nothing }
}

/** The changes of a write set that changes nothing; the room stays to be said. */
export const NO_CHANGES: Omit<WriteSet, 'room' | 'next'> = {
  unmentioned: [],
  eventTypes: [],
  stateKeys: [],
  events: [],
  updates: [],
  missingPrevEvents: [],
  remoteStates: [],
  blocks: [],
  snapshots: [],
  memberships: [],
  invites: [],
  redactions: [],
  journal: [],
  outputs: [],
  transactions: [],
  inboxDone: [],
}

/** What became of a write set. */
export type CommitResult =
  | { readonly kind: 'committed'; readonly revision: number }
  /**
   * Somebody else moved the room on, or gave one of its new strings, blocks or snapshots another NID, or an event is not
   * as new as it was taken for: read again, decide again.
   */
  | { readonly kind: 'conflict'; readonly over: 'room' | 'string' | 'block' | 'snapshot' | 'event' }
  | { readonly kind: 'failed'; readonly error: unknown }
