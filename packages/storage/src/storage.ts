import {
  type BlockedRoom,
  type BlockNid,
  type Delivered,
  type DeliveredRetention,
  type EventId,
  type EventNid,
  type EventTypeNid,
  type HistoryHorizon,
  type HistoryPurgeRecord,
  type HistoryPurgeStep,
  type Membership,
  type NidSpan,
  NO_NID,
  type OutputRetention,
  type PurgeRecord,
  type PurgeStep,
  type RepairRecord,
  type RoomId,
  type RoomNid,
  type RoomRecord,
  RoomserverError,
  type SnapshotNid,
  type StateKeyNid,
  type StreamRecord,
  type UserId,
  type Verdict,
  type WriteSet,
} from '@roomserver/types'
import { sql } from 'kysely'
import { commit } from './commit/commit.ts'
import { CommitWatch } from './commit/commit-watch.ts'
import type { Dialect } from './dialect/dialect.ts'
import { withRetries } from './errors.ts'
import type { StoreHealth } from './health.ts'
import { NidRanges } from './nid-ranges.ts'
import type { Db } from './schema.ts'
import type { Backup, PoolUse } from './dialect/database.ts'
import type { JournalPlace } from './tables/journal.ts'
import type { InboxRow } from './tables/inbox.ts'
import type { MembershipFilter } from './tables/memberships.ts'
import type { SharingFilter } from './tables/sharing.ts'
import { checkCounters, type CounterFinding, repairCounters } from './upkeep/check-counters.ts'
import { type CheckContext, checkRoom, checkRooms, type RoomCheck } from './upkeep/check.ts'
import type { ContentHashes } from './upkeep/check-state.ts'
import { checkIndexes, type IndexFinding, repairIndexes } from './upkeep/check-indexes.ts'
import { collectUnreferenced, noteUnreferenced } from './upkeep/collect.ts'
import { beginEpoch, beginEpochOfProcess, lastPosition, logBounds } from './upkeep/epochs.ts'
import { careCounts, databaseFacts } from './upkeep/database-facts.ts'
import { filePages, returnPages } from './upkeep/file-pages.ts'
import { looseRows, type LooseRows, removeLooseRows } from './upkeep/loose-rows.ts'
import { type LostRoom, lostRooms, restoreRoom } from './upkeep/lost-rooms.ts'
import { detachRoom, hasOutputs, purgeEstimate, purgeRows } from './upkeep/purge-room.ts'
import {
  deleteHistory,
  hasOutputsOfHistory,
  historyEstimate,
  removeHistory,
} from './upkeep/purge-history/purge-history.ts'
import { rebuildRows } from './upkeep/rebuild-rows.ts'
import { rebuildState } from './upkeep/rebuild-state.ts'
import { rebuildStrings } from './upkeep/rebuild-strings.ts'
import { rebuildUnreadable, type Unreadable, unreadable } from './upkeep/unreadable.ts'
import { localServers, repairMemberships } from './upkeep/memberships.ts'
import { trimOutputs } from './upkeep/trim.ts'
import { isMoving } from './move/move-store.ts'
import { type Tables, tablesFor } from './tables/tables.ts'

/** The room store. Every method needs one connection at the most. */
export type Storage = ReturnType<typeof createStorage>

/** What a store does not do by queries. */
export interface StorageParts {
  /** Copies the whole store into a file. */
  readonly backup: Backup
  readonly health: StoreHealth
  readonly connections?: (() => PoolUse) | undefined
}

export function createStorage(db: Db, dialect: Dialect, { backup, health, connections }: StorageParts) {
  const tables = tablesFor(dialect, db)
  const commits = new CommitWatch()
  return {
    ...internedReads(db, tables),
    ...roomMethods(db, tables, commits),
    ...membershipMethods(db, tables),
    ...directoryMethods(db, tables),
    ...logMethods(db, tables),
    ...deliveryMethods(db, tables),
    ...repairMethods(db, tables),
    ...blockedRoomMethods(db, tables),
    ...purgeMethods(db, tables),
    // Who locks rows shares the database.
    ...historyPurgeMethods(db, tables, dialect.locksRows ? undefined : commits),
    ...leaseMethods(db, tables),
    ...upkeepMethods(db, tables),
    ...inspectionMethods(db, tables),
    /** The connections of this process; undefined: the store is a file. */
    connections,
    /**
     * Copies an embedded store into a new file while it goes on serving: the copy is the store as of one moment, whole
     * and on the disk when this returns.
     *
     * @throws {RoomserverError} BAD_REQUEST when the file exists, or on PostgreSQL, which has its own tools for that
     */
    backup,
    /**
     * Finds out whether the store can be read and written now.
     *
     * @throws {RoomserverError} STORE_UNAVAILABLE
     */
    probe: () => probe(db, tables, health),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}

async function probe(db: Db, tables: Tables, health: StoreHealth): Promise<void> {
  // Where a write failed, only one that succeeds says that the next will.
  if (health.writesFail) {
    await tables.storeFacts.rehearse(db)
    health.recovered()
  }
  const { rows } = await sql<{ blocked: number }>`select ${tables.dialect.isReadOnly} as blocked`.execute(db)
  if (Number(rows[0]?.blocked) === 0) return
  const reason = 'the server is read-only: a standby, or a primary that was demoted'
  throw new RoomserverError('STORE_UNAVAILABLE', { reason }, `the database cannot be used: ${reason}`)
}

function internedReads(db: Db, tables: Tables) {
  return {
    eventsByNid: (nids: readonly EventNid[]) => tables.events.byNids(db, nids),
    eventTexts: (nids: readonly EventNid[]) => tables.events.textsOf(db, nids),
    eventsById: (ids: readonly EventId[]) => tables.events.byIds(db, ids),
    snapshots: (nids: readonly SnapshotNid[]) => tables.snapshots.byNids(db, nids),
    blocks: (nids: readonly BlockNid[]) => tables.blocks.byNids(db, nids),
    blocksByHash: (hashes: readonly string[]) => tables.blocks.byHashes(db, hashes),
    snapshotsByHash: (roomNid: RoomNid, hashes: readonly string[]) =>
      tables.snapshots.byHashes(db, roomNid, hashes),
    eventTypesByName: (names: readonly string[]) => tables.eventTypes.byTexts(db, names),
    eventTypesByNid: (nids: readonly EventTypeNid[]) => tables.eventTypes.byNids(db, nids),
    stateKeysByText: (keys: readonly string[]) => tables.stateKeys.byTexts(db, keys),
    stateKeysByNid: (nids: readonly StateKeyNid[]) => tables.stateKeys.byNids(db, nids),
  }
}

function roomMethods(db: Db, tables: Tables, commits: CommitWatch) {
  const ranges = new NidRanges((kind, count) => tables.counters.take(db, kind, count))
  return {
    room: (roomId: RoomId) => tables.rooms.byId(db, roomId),
    moveRoom: (roomId: RoomId) => withRetries(() => tables.rooms.move(db, roomId)),
    roomsByNid: (nids: readonly RoomNid[]) => tables.rooms.byNids(db, nids),
    rooms: (after: RoomNid, limit: number) => tables.rooms.page(db, after, limit),
    allocate: ranges.allocate.bind(ranges) as NidRanges['allocate'],
    missingPrevEvents: (ids: readonly EventId[]) => tables.missingPrevEvents.naming(db, ids),
    mentions: (ids: readonly EventId[]) => tables.mentions.of(db, ids),
    remoteStates: (roomNid: RoomNid) => tables.remoteStates.ofRoom(db, roomNid),
    dueRemoteStates: (after: EventNid, limit: number) => tables.remoteStates.due(db, after, limit),
    redactionsOf: (ids: readonly EventId[]) => tables.redactions.of(db, ids),
    commitsElsewhere: tables.dialect.savesRoundTrips,
    commit: (writeSets: readonly WriteSet[]) => {
      commits.note(writeSets)
      return commit(db, tables, writeSets)
    },
    journal: (
      roomNid: RoomNid,
      options: { readonly resetsOnly?: boolean; readonly limit: number; readonly afterRevision?: number },
    ) =>
      tables.journal.ofRoom(
        db,
        roomNid,
        options.afterRevision ?? 0,
        options.limit,
        options.resetsOnly ?? false,
      ),
  }
}

function membershipMethods(db: Db, tables: Tables) {
  const { memberships, invites, sharing } = tables
  return {
    membership: (roomNid: RoomNid, user: UserId) => memberships.one(db, roomNid, user),
    membershipsOfRoom: (
      roomNid: RoomNid,
      filter: { readonly membership?: Membership; readonly localOnly?: boolean } = {},
    ) => memberships.ofRoom(db, roomNid, filter.membership, filter.localOnly ?? false),
    membershipEvents: (
      roomNid: RoomNid,
      filter: MembershipFilter,
      page: { readonly after: StateKeyNid; readonly limit: number },
    ) => memberships.events(db, roomNid, filter, page),
    roomsOfUser: (user: UserId, filter: { readonly membership?: Membership } = {}) =>
      memberships.ofUser(db, user, filter.membership),
    sharedUsers: (user: UserId, filter: SharingFilter) => sharing.shared(db, user, filter),
    knownUsers: (user: UserId, search: string, limit: number) => sharing.known(db, user, search, limit),
    usersOfServer: (roomNid: RoomNid, server: string) => memberships.ofServer(db, roomNid, server),
    serverInRoom: (roomNid: RoomNid, server: string) => sharing.serverIn(db, roomNid, server),
    joinedServers: (roomNid: RoomNid) => sharing.servers(db, roomNid),
    setForgotten: async (roomNid: RoomNid, user: UserId, forgotten: boolean) => {
      await memberships.setForgotten(db, roomNid, user, forgotten)
    },
    invite: (event: EventNid) => invites.byEvent(db, event),
    pendingInvites: (roomNid: RoomNid, target: UserId) => invites.pending(db, roomNid, target),
  }
}

function directoryMethods(db: Db, tables: Tables) {
  const { directory, transactions } = tables
  return {
    roomOfAlias: (alias: string) => directory.byAlias(db, alias),
    aliasesOfRoom: (roomId: RoomId) => directory.aliasesOf(db, roomId),
    addAlias: (alias: string, roomId: RoomId, creator: UserId) => directory.add(db, alias, roomId, creator),
    removeAlias: async (alias: string) => {
      await directory.remove(db, alias)
    },
    publish: async (roomId: RoomId, published: boolean) => {
      await (published ? directory.publish : directory.unpublish)(db, roomId)
    },
    publishedRooms: () => directory.published(db),
    isPublished: (roomId: RoomId) => directory.isPublished(db, roomId),
    transactionEvent: (sessionId: number, transactionId: string, user: UserId) =>
      transactions.event(db, sessionId, transactionId, user),
  }
}

function logMethods(db: Db, tables: Tables) {
  const { inbox, outputs } = tables
  return {
    enqueue: (items: readonly Omit<InboxRow, 'position'>[], holder: string) => inbox.add(db, items, holder),
    inbox: (after: number, limit: number) => inbox.after(db, after, limit),
    heldInbox: (holder: string, after: number, limit: number) => inbox.held(db, holder, after, limit),
    claimInbox: (holder: string, limit: number) => inbox.claim(db, holder, limit),
    dropInbox: async (positions: readonly number[]) => {
      await inbox.remove.run(db, positions)
    },
    outputs: (after: number, limit: number) => outputs.after(db, after, limit),
    /** Position of the latest output; 0: there was none yet. What comes later has a greater one. */
    latestOutput: () => lastPosition(db, tables),
    /** Where the output log begins and ends, and whether a reader's position is one that it gave. */
    outputBounds: (after: number) => logBounds(db, tables, after),
    /**
     * Begins the epoch of a process that serves the output log by position.
     *
     * @param now - milliseconds since the epoch
     */
    beginEpochOfProcess: (now: number) => beginEpochOfProcess(db, tables, now),
    /**
     * Drops the oldest outputs that are not to be kept, `slice` at the most.
     *
     * @param now - milliseconds since the epoch
     * @returns how many were dropped, as many as `slice`: there may be more; and what is left
     */
    trimOutputs: (retention: OutputRetention, now: number, slice: number) =>
      trimOutputs(db, tables, retention, now, slice),
  }
}

/** What the relay needs: outputs that wait, those that were delivered, and the stream that they went to. */
function deliveryMethods(db: Db, tables: Tables) {
  const { outputs, deliveredOutputs, outputEpochs, outputStream } = tables
  return {
    /** Outputs that wait, after a position. */
    waitingOutputs: (after: number, limit: number) => outputs.waitingAfter(db, after, limit),
    /** Keeps outputs as delivered, and reads the first of those that wait. */
    nextOutputs: (delivered: readonly Delivered[], limit: number) => outputs.next(db, delivered, limit),
    recordDelivered: (delivered: readonly Delivered[]) => outputs.record(db, delivered),
    /** How many outputs wait, counted up to a limit. */
    countWaitingOutputs: (limit: number) => outputs.countWaiting(db, limit),
    /** The lowest and the highest number in the stream of a delivered output that is kept; 0: none is. */
    deliveredRange: () => deliveredOutputs.range(db),
    /**
     * Puts the first delivered outputs, from a number in the stream on, back among those that wait; returns how many, as many
     * as `slice`: there may be more.
     */
    requeueDelivered: (fromSequence: number, slice: number) =>
      deliveredOutputs.requeue(db, fromSequence, slice),
    /** Forgets delivered outputs, `slice` at the most; returns how many. */
    forgetDelivered: (slice: number) => deliveredOutputs.forget(db, slice),
    /** Deletes delivered outputs that need not be kept any more, `slice` at the most; returns how many. */
    trimDelivered: (retention: DeliveredRetention, now: number, slice: number) =>
      deliveredOutputs.trim(db, retention, now, slice),
    /** The incarnations of the output log, the earliest first. */
    outputEpochs: () => outputEpochs.all(db),
    /**
     * Begins an epoch of the output log, because what was there before may have been lost or replaced.
     *
     * @param now - milliseconds since the epoch
     */
    beginOutputEpoch: (reason: string, now: number) => beginEpoch(db, tables, reason, now),
    /** What is known of the stream that outputs go to. */
    streamRecord: () => outputStream.get(db),
    putStreamRecord: (record: StreamRecord) => outputStream.put(db, record),
  }
}

function blockedRoomMethods(db: Db, { blockedRooms }: Tables) {
  return {
    blockedRooms: (after: RoomId, limit: number) => blockedRooms.page(db, after, limit),
    blockRoom: (room: BlockedRoom) => blockedRooms.put(db, room),
    unblockRoom: (roomId: RoomId) => blockedRooms.remove(db, roomId),
  }
}

/** Deleting rooms. */
function purgeMethods(db: Db, tables: Tables) {
  return {
    /** Rooms that are being purged, or were lately, the earliest first. */
    purges: () => tables.purges.all(db),
    /** Notes that a room is to be purged; false: it is being purged already. */
    beginPurge: (purge: Omit<PurgeRecord, 'sinceTs' | 'stepTs'>) => tables.purges.begin(db, purge),
    /** A purge has come to another step. */
    enterPurgeStep: (purge: PurgeRecord, step: PurgeStep) => tables.purges.enter(db, purge, step),
    dropPurge: (roomId: RoomId) => tables.purges.remove(db, roomId),
    purgeEstimate: (roomNid: RoomNid) => purgeEstimate(db, tables, roomNid),
    /** Whether outputs of a room wait to be delivered. */
    hasOutputs: (roomId: RoomId) => hasOutputs(db, roomId),
    /** Takes a room that is to be purged out of all rooms. Returns false: it moved on meanwhile, try again. */
    detachRoom: async (purge: PurgeRecord) =>
      await detachRoom(db, tables, purge, (await tables.counters.take(db, 'room', 1)) as RoomNid),
    /** Deletes what is stored of a room that was taken out, a slice at a time; begun again, it goes on with what is left. */
    purgeRows: (purge: PurgeRecord) => purgeRows(db, tables, purge),
  }
}

/** Deleting the history of rooms. */
function historyPurgeMethods(db: Db, tables: Tables, commits: CommitWatch | undefined) {
  const { historyPurges, purgedEvents } = tables
  return {
    /** Rooms whose history is being purged, or was, in the order of room IDs from `after` (exclusive). */
    historyPurges: (after: RoomId, limit: number) => historyPurges.page(db, after, limit),
    /** Those that are under way, or ended within the last minute, the earliest first. */
    recentHistoryPurges: () => historyPurges.recent(db),
    /** Notes that the history of a room is to be purged; false: it is being purged already. */
    beginHistoryPurge: (purge: Omit<HistoryPurgeRecord, 'sinceTs' | 'stepTs'>) =>
      historyPurges.begin(db, purge),
    /** A purge has come to another step. */
    enterHistoryPurgeStep: (roomId: RoomId, step: HistoryPurgeStep) => historyPurges.enter(db, roomId, step),
    dropHistoryPurge: (roomId: RoomId) => historyPurges.remove(db, roomId),
    /**
     * What purging the history of a room would delete.
     *
     * @param surroundings - who is a user of this server; and the time, in milliseconds since the epoch
     */
    historyEstimate: (
      room: RoomRecord,
      horizon: HistoryHorizon,
      surroundings: { readonly isLocal: (userId: UserId) => boolean; readonly now: number },
    ) => historyEstimate(db, tables, room, horizon, surroundings),
    /**
     * Takes the history of a room out of its graph, a slice at a time; begun again, it goes on with what is left.
     *
     * @param how - the time, in milliseconds since the epoch, and how many events a slice has
     */
    removeHistory: (purge: HistoryPurgeRecord, how: { readonly now: number; readonly slice: number }) =>
      removeHistory(db, tables, purge, how),
    /** Whether events that were taken out of the graph are announced in outputs that wait. */
    hasOutputsOfHistory: (purge: HistoryPurgeRecord) => hasOutputsOfHistory(db, tables, purge),
    /** Deletes what was taken out of the graph and is not needed, a slice at a time; begun again, it goes on. */
    deleteHistory: (purge: HistoryPurgeRecord, slice: number) =>
      deleteHistory(db, tables, purge, { commits, slice }),
    /** Those of some events that were purged with the history of any room. */
    purgedAnywhere: (ids: readonly EventId[]) => purgedEvents.anywhere(db, ids),
    /** Those of some events that were purged with the history of a room. */
    purgedEvents: (roomNid: RoomNid, ids: readonly EventId[]) => purgedEvents.among(db, roomNid, ids),
  }
}

function repairMethods(db: Db, { repairs }: Tables) {
  return {
    putRepairs: async (records: readonly RepairRecord[]) => {
      await repairs.put(db, records)
    },
    repairs: (after: EventId, limit: number) => repairs.page(db, after, limit),
    repairsOfRoom: (roomId: RoomId, after: EventId, limit: number) =>
      repairs.ofRoom(db, roomId, after, limit),
    dropRepairs: async (ids: readonly EventId[]) => {
      await repairs.remove(db, ids)
    },
  }
}

function leaseMethods(db: Db, tables: Tables) {
  return {
    /**
     * Takes a lease, or prolongs it, for `ttlMs` from now; false while somebody else holds it. A lease keeps two
     * processes from doing the same work for nothing; it proves nothing about who does it.
     */
    takeLease: (name: string, holder: string, ttlMs: number) => tables.leases.take(db, name, holder, ttlMs),
    /** Whether anybody holds a lease now. */
    isLeaseHeld: (name: string) => tables.leases.isHeld(db, name),
    releaseLease: async (name: string, holder: string) => {
      await tables.leases.release(db, name, holder)
    },
    /** Forgets leases that ran out so long ago. */
    dropExpiredLeases: async (sinceMs: number) => {
      await tables.leases.dropExpired(db, sinceMs)
    },
  }
}

/** What only an inspection asks about. Every method reads a bounded number of rows of a room. */
function inspectionMethods(db: Db, tables: Tables) {
  const { events, inbox, journal, memberships, missingPrevEvents, sizes } = tables
  return {
    /** A room's events before one, the latest first; 0: from the latest. */
    eventsBefore: (roomNid: RoomNid, before: EventNid, limit: number) =>
      events.before(db, roomNid, before === NO_NID ? LAST_NID : before, limit),
    /** Events of all rooms whose NIDs are between two, in the order of NIDs. */
    eventsBetween: (span: NidSpan, limit: number) => events.between(db, span, limit),
    /** The latest event of all rooms, and which NIDs between so many of the latest no event has. */
    latestEvents: async (look: number) => {
      const latest = await events.latest(db)
      return { latest, unused: latest === NO_NID ? [] : await events.unused(db, latest, look) }
    },
    /** The NIDs of a room's events before one, the latest first; 0: from the latest. */
    eventNidsBefore: (roomNid: RoomNid, before: EventNid, limit: number) =>
      events.nidsBefore(db, roomNid, before === NO_NID ? LAST_NID : before, limit),
    /** Events of a type (0: any) with one of some verdicts (none: any), of so many events of a room, the latest first. */
    findEventsBefore: (
      roomNid: RoomNid,
      filter: { readonly type: EventTypeNid; readonly verdicts: readonly Verdict[] },
      { before, look }: { readonly before: EventNid; readonly look: number },
    ) => events.find(db, roomNid, filter, { before: before === NO_NID ? LAST_NID : before, look }),
    /** Events whose JSON holds an ID as a string, of so many events of a room after or before one. */
    eventsNaming: (
      roomNid: RoomNid,
      eventId: EventId,
      page: { readonly from: EventNid; readonly side: 'after' | 'before'; readonly look: number },
    ) => events.naming(db, roomNid, eventId, page),
    /** State events with a type and state key, the latest first, those of a room before one (0: from the latest). */
    settersBefore: (
      roomNid: RoomNid,
      entry: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid },
      { before, limit }: { readonly before: EventNid; readonly limit: number },
    ) => events.setters(db, roomNid, entry, { before: before === NO_NID ? LAST_NID : before, limit }),
    /** Counts the events of a room behind one by their verdicts, so many at the most. */
    countEvents: (roomNid: RoomNid, after: EventNid, limit: number) =>
      events.figures(db, roomNid, after, limit),
    /** Changes of a room's current state, the latest first, from before a place. */
    journalBefore: (
      roomNid: RoomNid,
      page: {
        readonly before: JournalPlace | undefined
        readonly limit: number
        readonly resetsOnly: boolean
      },
    ) =>
      journal.before(
        db,
        roomNid,
        page.before ?? { revision: Number.MAX_SAFE_INTEGER, place: 0 },
        page.limit,
        page.resetsOnly,
      ),
    /** Changes of one entry of a room's current state, the latest first, from before a place. */
    changesOfEntry: (
      roomNid: RoomNid,
      entry: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid },
      page: {
        readonly before: JournalPlace | undefined
        readonly limit: number
        readonly resetsOnly: boolean
      },
    ) =>
      journal.ofEntry(db, roomNid, entry, {
        ...page,
        before: page.before ?? { revision: Number.MAX_SAFE_INTEGER, place: 0 },
      }),
    /** How many state resets a room had behind a revision. */
    countResets: (roomNid: RoomNid, afterRevision: number) => journal.countResets(db, roomNid, afterRevision),
    membershipCounts: (roomNid: RoomNid) => memberships.counts(db, roomNid),
    /** How many prev events of each room are missing; rooms that miss none are left out. */
    missingPerRoom: () => missingPrevEvents.perRoom(db),
    /** Bytes of blocks of state. */
    bytesOfBlocks: (nids: readonly BlockNid[]) => sizes.ofBlocks(db, nids),
    /** How much asynchronous input waits, counted up to a limit. */
    countInbox: (limit: number) => inbox.count(db, limit),
  }
}

/** Greater than every NID. */
const LAST_NID = Number.MAX_SAFE_INTEGER as EventNid

function upkeepMethods(db: Db, tables: Tables) {
  return {
    /** A room's events in the order of their NIDs, page by page. */
    eventsOfRoom: (roomNid: RoomNid, after: EventNid, limit: number) =>
      tables.events.ofRoom(db, roomNid, after, limit),
    roomSize: (roomNid: RoomNid) => tables.sizes.ofRoom(db, roomNid),
    /**
     * Checks every room, one after another, while others use the store: references whole, blocks sorted and hashes
     * right, extremities, memberships and outputs in agreement with events and state.
     */
    check: (context: CheckContext) => checkRooms(db, tables, context),
    /** The room that the scrubber checked last; 0: it begins with the first. */
    scrubbed: () => tables.counters.scrubbed(db),
    setScrubbed: async (room: RoomNid) => {
      await tables.counters.setScrubbed(db, room)
    },
    /** Forgets transactions of clients that are older than this, `slice` at the most; returns how many. */
    dropTransactions: (olderThanMs: number, slice: number) =>
      tables.transactions.dropOld(db, olderThanMs, slice),
    /** Checks that no counter gives NIDs out which are in use. */
    checkCounters: () => checkCounters(db, tables.dialect),
    repairCounters: (findings: readonly CounterFinding[]) => repairCounters(db, tables.dialect, findings),
    checkRoom: (roomNid: RoomNid, context: CheckContext) => checkRoom(db, tables, context, roomNid),
    /**
     * Takes the table of memberships over from a room's current state where a check finds that they disagree.
     *
     * @returns how many users it was wrong about; `undefined` when the room moved on meanwhile: try again
     */
    repairMemberships: (roomNid: RoomNid, isLocal: (userId: UserId) => boolean) =>
      repairMemberships(db, tables, roomNid, isLocal),
    /**
     * Makes blocks and snapshots of a room what their hashes say, and drops what cannot be read any more.
     *
     * @returns how many were changed or dropped; `undefined` when the room moved on meanwhile: try again
     */
    rebuildState: (roomNid: RoomNid, hashes: ContentHashes) => rebuildState(db, tables, hashes, roomNid),
    /**
     * Makes rows of a room what the texts of its events say: version, depth, types, state keys, invites, redactions.
     *
     * @returns what was put right, in sentences; `undefined` when the room moved on meanwhile: try again
     */
    rebuildRows: (roomNid: RoomNid, context: CheckContext) => rebuildRows(db, tables, context, roomNid),
    /** Puts event types and state keys back that are lost or renamed, where the events agree about them. */
    rebuildStrings: (isDryRun: boolean) => rebuildStrings(db, tables, isDryRun),
    /** Notes which snapshots of a room a check found unreferenced, unless it found anything wrong. */
    noteUnreferenced: (check: RoomCheck) => noteUnreferenced(db, tables, check),
    /**
     * Gives back the space of snapshots that were found unreferenced so long ago, and of their blocks, when the tables read
     * from end to end do not refer to them either.
     */
    collectUnreferenced: (olderThanMs: number) => collectUnreferenced(db, tables, olderThanMs),
    /** What the database says about itself: version, settings, size, clock. */
    databaseFacts: () => databaseFacts(db, tables.dialect),
    /** The pages of the file; `undefined`: the database is not a file. */
    filePages: () => filePages(db, tables.dialect),
    /** Gives pages of the file back to the file system that hold nothing, so many at the most; returns how many are left. */
    returnPages: (limit: number) => returnPages(db, tables.dialect, limit),
    /** What an operator has to look after, counted up to a limit. */
    careCounts: (limit: number) => careCounts(db, limit),
    /** The servers whose users are noted as this server's. */
    localServers: () => localServers(db),
    /** Whether a move of another store into this one has begun and is not over. */
    isMoving: () => isMoving(db),
    /** The homeserver whose store it is, once it was used for one. */
    serverName: () => tables.storeFacts.get(db, 'server_name'),
    /**
     * Says whose store it is: the homeserver that it was first used for. A store from before it kept the name belongs to
     * the server of its local users, and one without any to `serverName`, from now on.
     */
    claimServerName: async (serverName: string): Promise<string> => {
      const known = await tables.storeFacts.get(db, 'server_name')
      if (known !== undefined) return known
      const servers = await localServers(db)
      const isThere = servers.length === 0 || servers.some(({ server }) => server === serverName)
      return tables.storeFacts.claim(
        db,
        'server_name',
        isThere ? serverName : (servers[0]?.server ?? serverName),
      )
    },
    /** Events of rooms that are not stored. */
    lostRooms: () => lostRooms(db),
    /** Rebuilds the row of a lost room from its events; its extremities and current state have to be rebuilt afterwards. */
    restoreRoom: (lost: LostRoom) => restoreRoom(db, tables, lost),
    /** Lists of numbers that cannot be read. */
    unreadable: () => unreadable(db, tables.dialect),
    rebuildUnreadable: (lists: readonly Unreadable[]) => rebuildUnreadable(db, lists),
    /** Looks for rows of rooms or events that are not stored, and for such as contradict themselves. */
    looseRows: () => looseRows(db, tables),
    removeLooseRows: (findings: readonly LooseRows[]) => removeLooseRows(db, findings),
    /** Checks that indexes say what their tables say, by reading the tables from end to end. */
    checkIndexes: () => checkIndexes(db, tables.dialect),
    /** Rebuilds indexes; returns why one could not be rebuilt. */
    repairIndexes: (findings: readonly IndexFinding[]) => repairIndexes(db, tables.dialect, findings),
  }
}
