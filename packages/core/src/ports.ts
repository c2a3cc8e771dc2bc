import type {
  BlockedRoom,
  BlockNid,
  BlockRecord,
  CommitResult,
  EventId,
  EventNid,
  EventRecord,
  EventText,
  EventTypeNid,
  Interned,
  InviteRecord,
  JournalRecord,
  Membership,
  MembershipRecord,
  Mention,
  Nids,
  OutputRecord,
  PurgeEstimate,
  PurgeRecord,
  RedactionRecord,
  RepairRecord,
  RoomId,
  RoomNid,
  RoomRecord,
  SnapshotNid,
  SnapshotRecord,
  StateKeyNid,
  RemoteStateRecord,
  UserId,
  Verdict,
  WriteSet,
} from '@roomserver/types'

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

/** Rooms that operators delete. */
export interface PurgeStore {
  /** Those that are being deleted, or were lately, the earliest first. */
  purges(): Promise<readonly PurgeRecord[]>
  /** Notes that a room is to be deleted; false: it is being deleted already. */
  beginPurge(purge: Omit<PurgeRecord, 'sinceTs' | 'stepTs'>): Promise<boolean>
  /** What deleting a room deletes. */
  purgeEstimate(roomNid: RoomNid): Promise<PurgeEstimate>
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
}

/** The output log as it is kept in the database. */
export interface OutputStore {
  /** Outputs after a position, in order. */
  outputs(after: number, limit: number): Promise<readonly StoredOutput[]>
}

/** What a policy server answers when it is asked to sign an event. */
export type PolicyAnswer =
  /** Its signatures: server name → key ID → signature. Unchecked. */
  | { readonly kind: 'signed'; readonly signatures: unknown }
  /** It does not sign the event, and says why: a Matrix error code and a text. */
  | { readonly kind: 'refused'; readonly errcode: string; readonly error: string }

/** The way to the policy servers of rooms. */
export interface PolicyServers {
  /**
   * Asks a policy server to sign an event (`POST /_matrix/policy/v1/sign`). Rejects when there is no answer.
   *
   * @param signal - aborted when nobody waits for the answer any more
   * @see https://spec.matrix.org/v1.19/server-server-api/#asking-for-a-policy-server-signature-on-an-event
   */
  sign(
    request: {
      readonly server: string
      readonly roomVersion: string
      readonly eventId: EventId
      /** The event in the federation format. */
      readonly json: string
    },
    signal: AbortSignal,
  ): Promise<PolicyAnswer>
}

/** The room store as the core uses it. Every method needs one connection at the most and waits on nothing else. */
export type Store = RecordStore &
  RoomStore &
  LeaseStore &
  MembershipStore &
  DirectoryStore &
  InboxStore &
  RepairStore &
  BlockedRoomStore &
  PurgeStore &
  OutputStore

/** Reads that only an inspection needs; each reads a bounded number of rows of a room. */
export interface InspectionReads {
  /** A room's events before one, the latest first; 0: from the latest. */
  eventsBefore(roomNid: RoomNid, before: EventNid, limit: number): Promise<readonly EventRecord[]>
  /** Where the events of a room before one (0: from the latest) are in its state, the latest first. */
  placesBefore(
    roomNid: RoomNid,
    before: EventNid,
    limit: number,
  ): Promise<
    readonly { readonly nid: EventNid; readonly type: EventTypeNid; readonly stateKey: StateKeyNid }[]
  >
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
  roomSize(roomNid: RoomNid): Promise<{
    readonly events: number
    readonly eventBytes: number
    readonly snapshots: number
    readonly snapshotBytes: number
    readonly outputs: number
    readonly outputBytes: number
  }>
  /** Bytes of blocks of state. */
  bytesOfBlocks(nids: readonly BlockNid[]): Promise<number>
  /** How much asynchronous input waits, counted up to a limit. */
  countInbox(limit: number): Promise<number>
  /** How many outputs wait to be delivered, counted up to a limit. */
  countWaitingOutputs(limit: number): Promise<number>
}
