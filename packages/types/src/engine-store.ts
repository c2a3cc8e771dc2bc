import type { EventId, RoomId, UserId } from './ids.ts'
import type { BlockNid, EventNid, EventTypeNid, Nids, RoomNid, SnapshotNid, StateKeyNid } from './nids.ts'
import type {
  BlockedRoom,
  BlockRecord,
  CommitResult,
  EventRecord,
  EventText,
  HistoryHorizon,
  HistoryPurgeEstimate,
  HistoryPurgeRecord,
  HistoryPurgeStep,
  Interned,
  InviteRecord,
  JournalRecord,
  Membership,
  MembershipRecord,
  Mention,
  OutputRecord,
  PurgeEstimate,
  PurgeRecord,
  PurgeStep,
  RedactionRecord,
  RemoteStateRecord,
  RepairRecord,
  RoomRecord,
  SnapshotRecord,
  Verdict,
  WriteSet,
} from './store.ts'

/** Reads of what never changes, by NID or by name, in batches; unknown ones are left out of the answer. */
export interface RecordStore {
  eventsByNid(nids: readonly EventNid[]): Promise<readonly EventRecord[]>
  /** No more of them than what goes out in answers. */
  eventTexts(nids: readonly EventNid[]): Promise<readonly EventText[]>
  eventsById(ids: readonly EventId[]): Promise<readonly EventRecord[]>
  snapshots(nids: readonly SnapshotNid[]): Promise<readonly SnapshotRecord[]>
  blocks(nids: readonly BlockNid[]): Promise<readonly BlockRecord[]>
  /** Stored blocks and snapshots with these content hashes, so that equal ones are stored once. */
  blocksByHash(hashes: readonly string[]): Promise<readonly BlockRecord[]>
  snapshotsByHash(roomNid: RoomNid, hashes: readonly string[]): Promise<readonly SnapshotRecord[]>
  eventTypesByName(names: readonly string[]): Promise<readonly Interned<EventTypeNid>[]>
  eventTypesByNid(nids: readonly EventTypeNid[]): Promise<readonly Interned<EventTypeNid>[]>
  stateKeysByText(keys: readonly string[]): Promise<readonly Interned<StateKeyNid>[]>
  stateKeysByNid(nids: readonly StateKeyNid[]): Promise<readonly Interned<StateKeyNid>[]>
}

/** Rooms, and the writing of what was decided about them. */
export interface RoomStore {
  room(roomId: RoomId): Promise<RoomRecord | undefined>
  /** Moves the revision of a room on, so that nothing decided before can be committed any more, and reads the room. */
  moveRoom(roomId: RoomId): Promise<RoomRecord | undefined>
  roomsByNid(nids: readonly RoomNid[]): Promise<readonly RoomRecord[]>
  /** Every room, a page at a time, in the order of NIDs. */
  rooms(after: RoomNid, limit: number): Promise<readonly RoomRecord[]>
  /** Hands out `count` consecutive NIDs that nobody else gets, and returns the first. What is not used is lost. */
  allocate<K extends keyof Nids>(kind: K, count: number): Promise<Nids[K]>
  /** Which of these event IDs are named as prev events by stored events, though not stored when those came in. */
  missingPrevEvents(
    ids: readonly EventId[],
  ): Promise<readonly { readonly prev: EventId; readonly by: EventNid }[]>
  /** Events of a room at remote state. */
  remoteStates(roomNid: RoomNid): Promise<readonly RemoteStateRecord[]>
  /** Those of all rooms that are to be looked at now, in the order of NIDs, from `after` (exclusive). */
  dueRemoteStates(after: EventNid, limit: number): Promise<readonly RemoteStateRecord[]>
  /** A room's events in the order of their NIDs, page by page. */
  eventsOfRoom(roomNid: RoomNid, after: EventNid, limit: number): Promise<readonly EventRecord[]>
  /** Those of these events that were purged with the history of a room. */
  purgedEvents(roomNid: RoomNid, ids: readonly EventId[]): Promise<readonly EventId[]>
  /** Redactions of these events, applied or not. */
  redactionsOf(ids: readonly EventId[]): Promise<readonly RedactionRecord[]>
  /** Which of these event IDs are stored, named as in `missingPrevEvents`, or redacted: in one read. */
  mentions(ids: readonly EventId[]): Promise<readonly Mention[]>
  /** Whether a commit is the work of another process, so that ours can go on with something else. */
  readonly commitsElsewhere: boolean
  /**
   * Stores write sets of different rooms in one transaction. One that meets a conflict or fails is taken out and
   * the others go on. Never throws for a single write set; the results are in the order of the write sets.
   */
  commit(writeSets: readonly WriteSet[]): Promise<readonly CommitResult[]>
  journal(
    roomNid: RoomNid,
    options: { readonly resetsOnly?: boolean; readonly limit: number; readonly afterRevision?: number },
  ): Promise<readonly JournalRecord[]>
}

/** Who is allowed to do what by agreement of the processes on a database; a lease that is not prolonged runs out. */
export interface LeaseStore {
  /** Takes a lease, or prolongs it, for `ttlMs` from now; false while somebody else holds it. */
  takeLease(name: string, holder: string, ttlMs: number): Promise<boolean>
  releaseLease(name: string, holder: string): Promise<void>
}

/** Memberships and invites as tables, for questions that no single room's state answers. */
export interface MembershipStore {
  membership(roomNid: RoomNid, user: UserId): Promise<MembershipRecord | undefined>
  membershipsOfRoom(
    roomNid: RoomNid,
    filter?: { readonly membership?: Membership; readonly localOnly?: boolean },
  ): Promise<readonly (MembershipRecord & { readonly userId: UserId })[]>
  /** The events by which users have their memberships in a room, a page at a time, in the order of the users' NIDs. */
  membershipEvents(
    roomNid: RoomNid,
    filter: { readonly membership?: Membership; readonly localOnly?: boolean },
    page: { readonly after: StateKeyNid; readonly limit: number },
  ): Promise<readonly { readonly user: StateKeyNid; readonly event: EventNid; readonly forgotten: boolean }[]>
  roomsOfUser(
    user: UserId,
    filter?: { readonly membership?: Membership },
  ): Promise<
    readonly {
      readonly roomNid: RoomNid
      readonly roomId: RoomId
      readonly membership: Membership
      readonly forgotten: boolean
    }[]
  >
  /** In how many of some rooms each user is joined: those that `user` is joined to and `includeRooms`, without `excludeRooms`. */
  sharedUsers(
    user: UserId,
    filter: {
      readonly others?: readonly UserId[]
      readonly includeRooms?: readonly RoomId[]
      readonly excludeRooms?: readonly RoomId[]
    },
  ): Promise<ReadonlyMap<UserId, number>>
  /** Users whose ID holds `search` and who share a joined room with `user`; with their latest membership event. */
  knownUsers(
    user: UserId,
    search: string,
    limit: number,
  ): Promise<readonly { readonly userId: UserId; readonly event: EventNid }[]>
  /** Users of `server` who are or were anything in the room: their IDs as state keys. */
  usersOfServer(roomNid: RoomNid, server: string): Promise<readonly StateKeyNid[]>
  /** Whether any user of `server` is joined. */
  serverInRoom(roomNid: RoomNid, server: string): Promise<boolean>
  joinedServers(roomNid: RoomNid): Promise<readonly string[]>
  setForgotten(roomNid: RoomNid, user: UserId, forgotten: boolean): Promise<void>
  invite(event: EventNid): Promise<InviteRecord | undefined>
  /** Pending invites of a user into a room, oldest first. */
  pendingInvites(
    roomNid: RoomNid,
    target: UserId,
  ): Promise<readonly (InviteRecord & { readonly senderId: UserId })[]>
}

/** Aliases and the room directory. */
export interface DirectoryStore {
  roomOfAlias(alias: string): Promise<{ readonly roomId: RoomId; readonly creator: UserId } | undefined>
  aliasesOfRoom(roomId: RoomId): Promise<readonly string[]>
  /** False: the alias is taken. */
  addAlias(alias: string, roomId: RoomId, creator: UserId): Promise<boolean>
  removeAlias(alias: string): Promise<void>
  publish(roomId: RoomId, published: boolean): Promise<void>
  publishedRooms(): Promise<readonly RoomId[]>
  isPublished(roomId: RoomId): Promise<boolean>
  /** The event that a client's transaction made, if it was seen before. */
  transactionEvent(sessionId: number, transactionId: string, user: UserId): Promise<EventId | undefined>
}

/** An asynchronous input that was made durable before it was answered. */
export interface InboxItem {
  readonly position: number
  readonly roomId: RoomId
  /** JSON text of one InputRoomEvent. */
  readonly payload: string
}

/**
 * The durable inbox of asynchronous input. An item is gone once a write set names it in `inboxDone`. It is held by one
 * process at a time, under the name of a lease: where that has run out, another process may claim it.
 */
export interface InboxStore {
  /** Makes items durable, held by `holder`; returns their positions. */
  enqueue(items: readonly Omit<InboxItem, 'position'>[], holder: string): Promise<readonly number[]>
  /** Waiting items in order, from `after` (exclusive). */
  inbox(after: number, limit: number): Promise<readonly InboxItem[]>
  /** Those of them that `holder` holds. */
  heldInbox(holder: string, after: number, limit: number): Promise<readonly InboxItem[]>
  /** Takes over items that nobody alive holds, the first of them, and returns these in order. */
  claimInbox(holder: string, limit: number): Promise<readonly InboxItem[]>
  /** Drops items that were refused and so have no write set. */
  dropInbox(positions: readonly number[]): Promise<void>
}

/** Events that wait because events that they build on are missing; a repair ends by being dropped. */
export interface RepairStore {
  /** Stores repairs, or how those that are stored stand now. */
  putRepairs(records: readonly RepairRecord[]): Promise<void>
  /** In the order of event IDs, from `after` (exclusive). */
  repairs(after: EventId, limit: number): Promise<readonly RepairRecord[]>
  repairsOfRoom(roomId: RoomId, after: EventId, limit: number): Promise<readonly RepairRecord[]>
  dropRepairs(ids: readonly EventId[]): Promise<void>
}

/** Rooms that operators blocked. */
export interface BlockedRoomStore {
  /** In the order of room IDs, from `after` (exclusive). */
  blockedRooms(after: RoomId, limit: number): Promise<readonly BlockedRoom[]>
  /** Blocks a room, or changes why it is blocked. */
  blockRoom(room: BlockedRoom): Promise<void>
  unblockRoom(roomId: RoomId): Promise<void>
}

/** A purge, and for how long it has been at its step. */
export interface PurgeAtStep extends PurgeRecord {
  readonly stepAgeMs: number
}

/** Rooms that operators delete. */
export interface PurgeStore {
  /** Those that are being deleted, or were lately, the earliest first. */
  purges(): Promise<readonly PurgeAtStep[]>
  /** Notes that a room is to be deleted; false: it is being deleted already. */
  beginPurge(purge: Omit<PurgeRecord, 'sinceTs' | 'stepTs'>): Promise<boolean>
  /** Notes that a purge has come to another step. */
  enterPurgeStep(purge: PurgeRecord, step: PurgeStep): Promise<void>
  /** Forgets a purge. */
  dropPurge(roomId: RoomId): Promise<void>
  /** What deleting a room deletes. */
  purgeEstimate(roomNid: RoomNid): Promise<PurgeEstimate>
  /** Whether outputs of a room wait to be delivered. */
  hasOutputs(roomId: RoomId): Promise<boolean>
  /**
   * Takes a room that is to be deleted out of all rooms, in one commit that brings the purge to its next step: `deleting`;
   * `done` where the room is not stored; `refused` where users of this server are joined and the purge is not forced. Under
   * the room's ID there is an empty room afterwards, with another NID and the number of the last output, which the outputs of
   * a room of that ID go on from; its revision is one that nothing was decided on.
   *
   * @returns false: the room moved on meanwhile, try again
   */
  detachRoom(purge: PurgeRecord): Promise<boolean>
  /**
   * Deletes what is stored of a room that was taken out, a slice at a time, and yields after each; begun again, it goes on
   * with what is left. What other rooms share stays, and so does the latest output of the log.
   *
   * @throws {RoomserverError} STORE_DAMAGED when a room has the NID: nothing of it is deleted
   */
  purgeRows(purge: PurgeRecord): AsyncIterable<void>
}

/** Rooms whose history operators delete. */
export interface HistoryPurgeStore {
  /** Those whose history is being deleted, or was, in the order of room IDs, from `after` (exclusive). */
  historyPurges(after: RoomId, limit: number): Promise<readonly HistoryPurgeRecord[]>
  /** Those that are under way, or ended within the last minute, the earliest first. */
  recentHistoryPurges(): Promise<readonly HistoryPurgeRecord[]>
  /** Notes that the history of a room is to be deleted; false: it is being deleted already. */
  beginHistoryPurge(purge: Omit<HistoryPurgeRecord, 'sinceTs' | 'stepTs'>): Promise<boolean>
  /** Notes that a purge has come to another step. */
  enterHistoryPurgeStep(roomId: RoomId, step: HistoryPurgeStep): Promise<void>
  /** Forgets a purge. */
  dropHistoryPurge(roomId: RoomId): Promise<void>
  /**
   * What deleting the history of a room deletes.
   *
   * @param surroundings - who is a user of this server; and the time
   */
  historyEstimate(
    room: RoomRecord,
    horizon: HistoryHorizon,
    surroundings: { readonly isLocal: (userId: UserId) => boolean; readonly now: number },
  ): Promise<HistoryPurgeEstimate>
  /**
   * Takes the history of a room out of its graph, the latest events first, so many at a time, each slice in a commit that moves
   * the room on; yields after each. The events become outliers, and are noted as purged; where the rest of the graph builds on
   * them, that is noted as a missing prev event, and the state there as verified. Begun again it goes on with what is left.
   *
   * @throws {RoomserverError} ROOM_NOT_FOUND
   */
  removeHistory(
    purge: HistoryPurgeRecord,
    how: { readonly now: number; readonly slice: number },
  ): AsyncGenerator<void, void, void>
  /** Whether events that were taken out of the graph are announced in outputs that wait. */
  hasOutputsOfHistory(purge: HistoryPurgeRecord): Promise<boolean>
  /**
   * Deletes what was taken out of the graph and nothing needs: events, states, changes of the journal and outputs, so many rows at
   * a time; yields after each. Begun again it goes on with what is left.
   *
   * @throws {RoomserverError} ROOM_NOT_FOUND
   */
  deleteHistory(purge: HistoryPurgeRecord, slice: number): AsyncGenerator<void, void, void>
}

/** An output as read back: content and event apart, put together by the reader. */
export interface StoredOutput extends OutputRecord {
  /** Position in the log over all rooms; of one room ascending in the order of commits, where one process commits. */
  readonly position: number
  readonly roomId: RoomId
  readonly version: string
  /** The event's ID and federation JSON, where the output carries one. */
  readonly eventId?: EventId | undefined
  readonly eventJson?: string | undefined
  /** Eight hex digits that tell it from another output of the same number, as one that a restore of the database lost. */
  readonly fingerprint?: string
}

/** The output log as it is kept in the database. */
export interface OutputStore {
  /** Outputs after a position, in order. */
  outputs(after: number, limit: number): Promise<readonly StoredOutput[]>
}

/** An output that waits to be delivered to a message server. */
export interface WaitingOutput extends StoredOutput {
  /** The lowest number of the outputs of its room that wait. */
  readonly firstWaiting: number
}

/** An output that the message server has stored. */
export interface Delivered {
  readonly position: number
  /** Its number in the stream. */
  readonly sequence: number
}

/** What a database keeps of the stream that outputs go to. */
export interface StreamRecord {
  readonly name: string
  /** When the message server created it, which tells it from another stream of the same name. */
  readonly created: string
  readonly lastSequence: number
  /** The first number that a consumer may not have read. */
  readonly unread: number
  /** Numbers up to this one were purged. */
  readonly purged: number
  /** Durable consumers, as JSON. */
  readonly consumers: string
}

/** How long and how much of what was delivered is kept, in case the message server loses it. */
export interface DeliveredRetention {
  readonly maxAgeMs: number
  /** Bytes of their bodies; events are stored anyway. */
  readonly maxBytes: number
}

/** An incarnation of the output log: outputs from a position on, until the next one begins. */
export interface OutputEpoch {
  /** Twelve random hex digits. */
  readonly name: string
  readonly firstPosition: number
}

/** Where outputs wait until a message server has them: where they were written in the commit that caused them. */
export interface OutboxStore {
  /** Outputs that wait, after a position, in order. */
  waitingOutputs(after: number, limit: number): Promise<readonly WaitingOutput[]>
  /** Takes outputs that were delivered out of those that wait, and keeps them as delivered. */
  recordDelivered(delivered: readonly Delivered[]): Promise<void>
  /** The same, and reads the first of the others, in one step where that is cheaper. */
  nextOutputs(delivered: readonly Delivered[], limit: number): Promise<readonly WaitingOutput[]>
}

/** Where outputs that were delivered are kept, and what is known of their stream. */
export interface DeliveryStore {
  /** How many outputs wait, counted up to a limit. */
  countWaitingOutputs(limit: number): Promise<number>
  /** What is known of the stream that outputs go to. */
  streamRecord(): Promise<StreamRecord | undefined>
  /** Replaces it: there is one. */
  putStreamRecord(record: StreamRecord): Promise<void>
  /** The lowest and the highest number in the stream of a delivered output that is kept; 0: none is. */
  deliveredRange(): Promise<{ readonly first: number; readonly last: number }>
  /** Puts the first delivered outputs, from a number on, back among those that wait; fewer than `slice`: these were all. */
  requeueDelivered(fromSequence: number, slice: number): Promise<number>
  /** Forgets delivered outputs; fewer than `slice`: these were all. */
  forgetDelivered(slice: number): Promise<number>
  /** Deletes delivered outputs that need not be kept any more, never the last; fewer than `slice`: these were all. */
  trimDelivered(retention: DeliveredRetention, now: number, slice: number): Promise<number>
  /** The incarnations of the output log, the earliest first. */
  outputEpochs(): Promise<readonly OutputEpoch[]>
  /** Begins an epoch of the output log, because what was there before may have been lost or replaced. */
  beginOutputEpoch(reason: string, now: number): Promise<void>
}

/** Where the output log begins and ends. */
export interface LogBounds {
  /** Position of the first output that is kept, or will be. */
  readonly first: number
  /** Position of the last output; 0: there is none. */
  readonly last: number
  /** Whether the position that was asked about is one that the log gave, in any of its incarnations. */
  readonly isKnown: boolean
}

/** What of the output log is kept. */
export interface OutputRetention {
  /** So many of the latest outputs at the most. */
  readonly maxCount: number
  /** So many bytes of the latest outputs at the most, their events not counted. */
  readonly maxBytes: number
  /** None that was there this long ago, as far as was noted. */
  readonly maxAgeMs: number
}

/** What a trimming did. */
export interface Trimmed {
  /** Outputs that were dropped; as many as the slice: there may be more. */
  readonly dropped: number
  /** What the log takes now, to a hundredth of what is kept: the outputs' own text, their events not counted. */
  readonly bytes: number
}

/** The output log without a message server, which is read by position. */
export interface OutputLogStore {
  /** Position of the latest output; 0: there was none yet. What comes later has a greater one. */
  latestOutput(): Promise<number>
  /** Where the log begins and ends, and whether a reader's position is one that it gave. */
  outputBounds(after: number): Promise<LogBounds>
  /**
   * Begins the epoch of a process that serves the log by position: what an earlier process gave and did not keep, as
   * after a restore, has positions that are never given again.
   */
  beginEpochOfProcess(now: number): Promise<void>
  /** Drops the oldest outputs that are not to be kept, `slice` at the most, never the latest. */
  trimOutputs(retention: OutputRetention, now: number, slice: number): Promise<Trimmed>
}

/** NIDs of events between two, which are not among them. */
export interface NidSpan {
  readonly after: EventNid
  readonly before: EventNid
}

/** Reads that only an inspection needs; each reads a bounded number of rows. */
export interface InspectionReads {
  /** Those of some events that were purged with the history of any room. */
  purgedAnywhere(ids: readonly EventId[]): Promise<readonly EventId[]>
  /** A room's events before one, the latest first; 0: from the latest. */
  eventsBefore(roomNid: RoomNid, before: EventNid, limit: number): Promise<readonly EventRecord[]>
  /** The NIDs of a room's events before one, the latest first; 0: from the latest. */
  eventNidsBefore(roomNid: RoomNid, before: EventNid, limit: number): Promise<readonly EventNid[]>
  /**
   * Events of a type (0: of any) with one of some verdicts (none: any), the latest first, of so many events of a room, or more, before
   * one (0: from the latest). `lookedTo` is the last that was looked at; 0: there are no more.
   */
  findEventsBefore(
    roomNid: RoomNid,
    filter: { readonly type: EventTypeNid; readonly verdicts: readonly Verdict[] },
    page: { readonly before: EventNid; readonly look: number },
  ): Promise<{ readonly events: readonly EventRecord[]; readonly lookedTo: EventNid }>
  /**
   * Events whose JSON holds an ID as a string, in the order of NIDs, of so many events of a room after or before one. `isEnd`:
   * there are no more of the room on that side.
   */
  eventsNaming(
    roomNid: RoomNid,
    eventId: EventId,
    page: { readonly from: EventNid; readonly side: 'after' | 'before'; readonly look: number },
  ): Promise<{ readonly events: readonly EventNid[]; readonly isEnd: boolean }>
  /** Events of all rooms whose NIDs are between two, in the order of NIDs. */
  eventsBetween(span: NidSpan, limit: number): Promise<readonly EventRecord[]>
  /**
   * The latest event of all rooms (0: there is none), and which NIDs between so many of the latest no event has: those that
   * other processes have in stock or commits bring at this moment, and those that are lost.
   */
  latestEvents(look: number): Promise<{ readonly latest: EventNid; readonly unused: readonly NidSpan[] }>
  /** State events with a type and state key, the latest first, those of a room before one (0: from the latest). */
  settersBefore(
    roomNid: RoomNid,
    entry: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid },
    page: { readonly before: EventNid; readonly limit: number },
  ): Promise<readonly EventNid[]>
  /** Counts the events of a room behind one by their verdicts, so many at the most. */
  countEvents(
    roomNid: RoomNid,
    after: EventNid,
    limit: number,
  ): Promise<
    readonly {
      readonly verdict: Verdict
      readonly count: number
      readonly bytes: number
      readonly last: EventNid
    }[]
  >
  /** Changes of a room's current state, the latest first, from before a place. */
  journalBefore(
    roomNid: RoomNid,
    page: {
      readonly before: { readonly revision: number; readonly place: number } | undefined
      readonly limit: number
      readonly resetsOnly: boolean
    },
  ): Promise<readonly (JournalRecord & { readonly place: number })[]>
  /** Changes of one entry of a room's current state, the latest first, from before a place (`undefined`: from the latest). */
  changesOfEntry(
    roomNid: RoomNid,
    entry: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid },
    page: {
      readonly before: { readonly revision: number; readonly place: number } | undefined
      readonly limit: number
      readonly resetsOnly: boolean
    },
  ): Promise<readonly (JournalRecord & { readonly place: number })[]>
  /** How many state resets a room had behind a revision. */
  countResets(roomNid: RoomNid, afterRevision: number): Promise<number>
  /** How many users of each server have each membership in a room. */
  membershipCounts(roomNid: RoomNid): Promise<
    readonly {
      readonly membership: Membership
      readonly server: string
      readonly isLocal: boolean
      readonly users: number
    }[]
  >
  /** How many prev events of each room are missing; rooms that miss none are left out. */
  missingPerRoom(): Promise<readonly { readonly room: RoomNid; readonly missing: number }[]>
  /** What a room takes up. */
  roomSize(roomNid: RoomNid): Promise<RoomSize>
  /** Bytes of blocks of state. */
  bytesOfBlocks(nids: readonly BlockNid[]): Promise<number>
  /** How much asynchronous input waits, counted up to a limit. */
  countInbox(limit: number): Promise<number>
  /** How many outputs wait to be delivered, counted up to a limit. */
  countWaitingOutputs(limit: number): Promise<number>
}

/** How much a room holds; bytes are those of the contents, without what the database needs around them. */
export interface RoomSize {
  readonly events: number
  readonly eventBytes: number
  readonly snapshots: number
  readonly snapshotBytes: number
  readonly outputs: number
  readonly outputBytes: number
}

/** What is done now and then for as long as an engine is open. */
export interface UpkeepStore {
  /** Whether somebody holds a lease now. */
  isLeaseHeld(name: string): Promise<boolean>
  /** Forgets leases that ran out so long ago. */
  dropExpiredLeases(sinceMs: number): Promise<void>
  /** Forgets transactions of clients that are older than this, `slice` at the most; returns how many. */
  dropTransactions(olderThanMs: number, slice: number): Promise<number>
  /**
   * Finds out whether the store can be read and written now.
   *
   * @throws {RoomserverError} STORE_UNAVAILABLE
   */
  probe(): Promise<void>
  /** Notes whose store it is where nobody has claimed it yet, and says whose it is: the name never changes. */
  claimServerName(serverName: string): Promise<string>
}

/** The room store as the engine's core uses it. Every method needs one connection at the most and waits on nothing else. */
export type CoreStore = RecordStore &
  RoomStore &
  LeaseStore &
  MembershipStore &
  DirectoryStore &
  InboxStore &
  RepairStore &
  BlockedRoomStore &
  PurgeStore &
  HistoryPurgeStore &
  OutputStore

/**
 * A store as an engine needs it; `openEngine` of `@roomserver/engine` takes one. The stores of `@roomserver/storage` are
 * such, and `@roomserver/storage-contract` says by tests what every method promises.
 *
 * Who opened a store closes it. Times are milliseconds since the epoch. A store that cannot be reached fails with STORE_UNAVAILABLE.
 */
export type EngineStore = CoreStore &
  OutboxStore &
  DeliveryStore &
  OutputLogStore &
  InspectionReads &
  UpkeepStore

const METHODS: Readonly<Record<Exclude<keyof EngineStore, 'commitsElsewhere'>, true>> = {
  eventsByNid: true,
  eventTexts: true,
  eventsById: true,
  snapshots: true,
  blocks: true,
  blocksByHash: true,
  snapshotsByHash: true,
  eventTypesByName: true,
  eventTypesByNid: true,
  stateKeysByText: true,
  stateKeysByNid: true,
  room: true,
  moveRoom: true,
  roomsByNid: true,
  rooms: true,
  allocate: true,
  missingPrevEvents: true,
  remoteStates: true,
  dueRemoteStates: true,
  eventsOfRoom: true,
  redactionsOf: true,
  mentions: true,
  commit: true,
  journal: true,
  takeLease: true,
  releaseLease: true,
  isLeaseHeld: true,
  membership: true,
  membershipsOfRoom: true,
  membershipEvents: true,
  roomsOfUser: true,
  sharedUsers: true,
  knownUsers: true,
  usersOfServer: true,
  serverInRoom: true,
  joinedServers: true,
  setForgotten: true,
  invite: true,
  pendingInvites: true,
  roomOfAlias: true,
  aliasesOfRoom: true,
  addAlias: true,
  removeAlias: true,
  publish: true,
  publishedRooms: true,
  isPublished: true,
  transactionEvent: true,
  enqueue: true,
  inbox: true,
  heldInbox: true,
  claimInbox: true,
  dropInbox: true,
  putRepairs: true,
  repairs: true,
  repairsOfRoom: true,
  dropRepairs: true,
  blockedRooms: true,
  blockRoom: true,
  unblockRoom: true,
  purges: true,
  beginPurge: true,
  enterPurgeStep: true,
  dropPurge: true,
  purgeEstimate: true,
  hasOutputs: true,
  detachRoom: true,
  purgeRows: true,
  purgedEvents: true,
  purgedAnywhere: true,
  historyPurges: true,
  recentHistoryPurges: true,
  beginHistoryPurge: true,
  enterHistoryPurgeStep: true,
  dropHistoryPurge: true,
  historyEstimate: true,
  removeHistory: true,
  hasOutputsOfHistory: true,
  deleteHistory: true,
  outputs: true,
  waitingOutputs: true,
  recordDelivered: true,
  nextOutputs: true,
  countWaitingOutputs: true,
  streamRecord: true,
  putStreamRecord: true,
  deliveredRange: true,
  requeueDelivered: true,
  forgetDelivered: true,
  trimDelivered: true,
  outputEpochs: true,
  beginOutputEpoch: true,
  latestOutput: true,
  outputBounds: true,
  beginEpochOfProcess: true,
  trimOutputs: true,
  eventsBefore: true,
  eventNidsBefore: true,
  findEventsBefore: true,
  eventsNaming: true,
  eventsBetween: true,
  latestEvents: true,
  settersBefore: true,
  countEvents: true,
  journalBefore: true,
  changesOfEntry: true,
  countResets: true,
  membershipCounts: true,
  missingPerRoom: true,
  roomSize: true,
  bytesOfBlocks: true,
  countInbox: true,
  dropExpiredLeases: true,
  dropTransactions: true,
  probe: true,
  claimServerName: true,
}

/** The methods of a store, by which one that lacks some is told. */
export const ENGINE_STORE_METHODS: readonly string[] = Object.keys(METHODS)
