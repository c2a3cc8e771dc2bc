export { invalidArgument } from './arguments.ts'
export { type Suspendable, drive, finish, type Pace } from './suspendable.ts'
export { type FailureCode, type Failures, isFailure, RoomserverError } from './errors.ts'
export {
  type Brand,
  type EventId,
  isAuthoredEventId,
  isServerName,
  isUserId,
  parseServerName,
  type RoomId,
  type RoomVersionId,
  type ServerName,
  serverOf,
  type UserId,
} from './ids.ts'
export { LoopShare } from './loop-share.ts'
export type { Bytes } from './bytes.ts'
export { isIpv4, isIpv6 } from './ip-address.ts'
export { isJsonObject, isPlainObject, type JsonObject, type JsonValue } from './json.ts'
export {
  type BlockNid,
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventTypeNid,
  FIRST_FREE_NID,
  type Nids,
  NO_NID,
  type RoomNid,
  type SnapshotNid,
  type StateKeyNid,
} from './nids.ts'
export { paged, type Paging } from './paged.ts'
export { type Clock, type LogFields, type Logger, silentLogger, systemClock } from './ports.ts'
export { isRejected, newRoom, NO_CHANGES } from './store.ts'
export type {
  BlockedRoom,
  HistoryHorizon,
  HistoryPurgeEstimate,
  HistoryPurgeRecord,
  HistoryPurgeStep,
  PurgeEstimate,
  PurgeRecord,
  PurgeStep,
  BlockRecord,
  CommitResult,
  EventRecord,
  EventText,
  EventUpdate,
  Interned,
  InviteRecord,
  JournalCause,
  JournalRecord,
  Membership,
  MembershipRecord,
  Mention,
  OutputKind,
  OutputRecord,
  RedactionRecord,
  RepairRecord,
  RepairState,
  RoomRecord,
  SnapshotRecord,
  StateEntry,
  RemoteStateRecord,
  TransactionRecord,
  Verdict,
  WriteSet,
} from './store.ts'
export { ENGINE_STORE_METHODS } from './engine-store.ts'
export type {
  BlockedRoomStore,
  Delivered,
  DeliveredRetention,
  CoreStore,
  DeliveryStore,
  DirectoryStore,
  EngineStore,
  HistoryPurgeStore,
  InboxItem,
  InboxStore,
  InspectionReads,
  LeaseStore,
  LogBounds,
  NidSpan,
  MembershipStore,
  OutboxStore,
  OutputEpoch,
  OutputLogStore,
  OutputRetention,
  OutputStore,
  PurgeAtStep,
  PurgeStore,
  RecordStore,
  RepairStore,
  RoomSize,
  RoomStore,
  StoredOutput,
  StreamRecord,
  Trimmed,
  UpkeepStore,
  WaitingOutput,
} from './engine-store.ts'
export { requireNode } from './require-node.ts'
export { isLongerThan } from './utf8.ts'
