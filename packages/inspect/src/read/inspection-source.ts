import type { BusyRoom, InspectActivityResponse, RoomJob, RoomStorage } from '@roomserver/api'
import type {
  EventId,
  EventNid,
  EventRecord,
  EventTypeNid,
  JournalRecord,
  Membership,
  NidSpan,
  RemoteStateRecord,
  RoomId,
  RoomNid,
  RoomRecord,
  StateKeyNid,
  Suspendable,
  Verdict,
} from '@roomserver/types'
import type { RecordNeed, RecordReader } from './record-reader.ts'

/** Figures of a room that take counting. */
export interface RoomFigures {
  readonly events: number
  readonly softFailed: number
  readonly rejected: number
  readonly outliers: number
  readonly gaps: number
  readonly stateResets: number
  readonly bytes: number
  readonly slowestResolutionMs: number
}

/** How many users of a server have a membership. */
export interface MembershipCount {
  readonly membership: Membership
  readonly server: string
  readonly isLocal: boolean
  readonly users: number
}

/** A user of a room and the event by which they have their membership. */
export interface MemberRow {
  readonly user: StateKeyNid
  readonly event: EventNid
}

/** A change of a current state with its place among those of the same revision. */
export type PlacedJournalRecord = JournalRecord & { readonly place: number }

/** A place in the journal of a room: what comes before it is older. */
export interface JournalPlace {
  readonly revision: number
  readonly place: number
}

/** Which events of a room are looked for. */
export interface EventFilter {
  /** 0: of any type. */
  readonly type: EventTypeNid
  /** None: any. */
  readonly verdicts: readonly Verdict[]
}

/** Events that were found, of those that were looked at. */
export interface EventsFound {
  readonly events: readonly EventRecord[]
  /** The last that was looked at; 0: there are no more. */
  readonly lookedTo: EventNid
}

/** What an inspection reads of rooms: a store, or a file of events. Lists are bounded by what is asked for. */
export interface InspectedStore {
  room(roomId: RoomId): Promise<RoomRecord | undefined>
  roomsByNid(nids: readonly RoomNid[]): Promise<readonly RoomRecord[]>
  /** Every room, a page at a time, in the order of NIDs. */
  rooms(after: RoomNid, limit: number): Promise<readonly RoomRecord[]>
  roomOfAlias(alias: string): Promise<{ readonly roomId: RoomId } | undefined>
  aliasesOfRoom(roomId: RoomId): Promise<readonly string[]>
  isPublished(roomId: RoomId): Promise<boolean>
  /** Events of a room in the order of arrival. */
  eventsOfRoom(roomNid: RoomNid, after: EventNid, limit: number): Promise<readonly EventRecord[]>
  /** Events of a room in the opposite order, those before `before` (0: from the latest). */
  eventsBefore(roomNid: RoomNid, before: EventNid, limit: number): Promise<readonly EventRecord[]>
  /** Events of all rooms whose NIDs are between two, in the order of NIDs. */
  eventsBetween(span: NidSpan, limit: number): Promise<readonly EventRecord[]>
  /** The latest event of all rooms (0: there is none), and which NIDs between so many of the latest no event has. */
  latestEvents(look: number): Promise<{ readonly latest: EventNid; readonly unused: readonly NidSpan[] }>
  /** The NIDs of events of a room before one (0: from the latest), the latest first. */
  eventNidsBefore(roomNid: RoomNid, before: EventNid, limit: number): Promise<readonly EventNid[]>
  /** Events that match, the latest first; looks at so many events of the room, or more, before one (0: from the latest). */
  findEvents(
    roomNid: RoomNid,
    filter: EventFilter,
    page: { readonly before: EventNid; readonly look: number },
  ): Promise<EventsFound>
  /** Events that name an event, in the order of arrival; looks at so many events of the room after or before one. */
  eventsNaming(
    roomNid: RoomNid,
    eventId: EventId,
    page: { readonly from: EventNid; readonly side: 'after' | 'before'; readonly look: number },
  ): Promise<{ readonly events: readonly EventNid[]; readonly isEnd: boolean }>
  /** State events with a type and state key, the latest first, those of the room before one (0: from the latest). */
  settersOf(
    roomNid: RoomNid,
    entry: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid },
    page: { readonly before: EventNid; readonly limit: number },
  ): Promise<readonly EventNid[]>
  /** Changes of the current state, the latest first, from before a place (`undefined`: from the latest). */
  journalBefore(
    roomNid: RoomNid,
    page: { readonly before: JournalPlace | undefined; readonly limit: number; readonly resetsOnly: boolean },
  ): Promise<readonly PlacedJournalRecord[]>
  /** Changes of one entry of the current state, the latest first, from before a place (`undefined`: from the latest). */
  changesOfEntry(
    roomNid: RoomNid,
    entry: { readonly type: EventTypeNid; readonly stateKey: StateKeyNid },
    page: { readonly before: JournalPlace | undefined; readonly limit: number; readonly resetsOnly: boolean },
  ): Promise<readonly PlacedJournalRecord[]>
  /** Those of some events that were purged with the history of their room. */
  purgedEvents(ids: readonly EventId[]): Promise<readonly EventId[]>
  /** Events of a room at remote state. */
  remoteStates(roomNid: RoomNid): Promise<readonly RemoteStateRecord[]>
  membershipEvents(
    roomNid: RoomNid,
    filter: { readonly membership?: Membership },
    page: { readonly after: StateKeyNid; readonly limit: number },
  ): Promise<readonly MemberRow[]>
  membershipCounts(room: RoomRecord): Promise<readonly MembershipCount[]>
  figuresOf(room: RoomRecord): Promise<RoomFigures>
  storageOf(room: RoomRecord): Promise<RoomStorage | null>
  isBlocked(roomId: RoomId): Promise<boolean>
  /** Work on rooms that takes long, in the order of its event IDs, from `after` (exclusive). */
  jobs(roomId: RoomId | undefined, after: EventId, limit: number): Promise<readonly RoomJob[]>
  activity(): Promise<InspectActivityResponse>
  /** What the process has to do for a room at this moment. */
  busy(roomId: RoomId): BusyRoom | undefined
}

/** What operations are answered from. */
export interface InspectionSource {
  readonly store: InspectedStore
  /** Runs a computation over the records, loading what it lacks, and leaves time for others. */
  readonly read: <Result>(
    compute: (reader: RecordReader) => Suspendable<RecordNeed, Result>,
  ) => Promise<Result>
}
