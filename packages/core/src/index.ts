import './node-version.ts'
export {
  createRoomserver,
  createRoomserverWithMaintenance,
  type RoomserverDeps,
  type RoomserverOptions,
  type RoomserverWithMaintenance,
} from './create-roomserver.ts'
export { createRoomInspection, type RoomInspectionDeps } from './create-room-inspection.ts'
export type { AcceptanceVerdict, EventInput, EventKind, Outcome } from './decide/event-input.ts'
export { createInput, type InputDeps, type RoomInput } from './create-engine.ts'
export type { AcceptanceCheck, ArrivingEvent } from './input/acceptance-checks.ts'
export type { InputCounters } from './input/counters.ts'
export type { PolicyCounts } from './input/policy-checks.ts'
export { DEFAULT_POLICY_LIMITS, type PolicyLimits } from './input/policy-limits.ts'
export type { PolicyAnswer, PolicyServers } from './ports.ts'
export type { Fetched, FetchMissing, MissingEvents } from './input/fetch-missing.ts'
export type { RoomStep } from './input/room-step.ts'
export { DEFAULT_ROOM_LIMITS, type RoomLimits } from './input/rooms.ts'
export type { TaskObserver, WorkObserver, WorkStep } from './input/work-observer.ts'
export type { EventTemplate } from './perform/build.ts'
export type { DummyEvents } from './perform/dummy-events.ts'
export type { NewStateEvent } from './perform/new-room.ts'
export type { RedactionTemplate } from './perform/redact.ts'
export type { InviteTemplate, RoomTemplate, UserActions } from './perform/user-actions.ts'
export type { TimelinePage, TimelineRequest } from './query/timeline.ts'
export { renderOutput } from './output/render-output.ts'
export type {
  DirectoryStore,
  InboxItem,
  InboxStore,
  MembershipStore,
  OutputStore,
  RecordStore,
  RepairStore,
  RoomStore,
  Store,
  StoredOutput,
} from './ports.ts'
export type { AllRepairLimits, RoomRepairs } from './missing-events/create-missing-events.ts'
export type { RepairJob } from './missing-events/repair-jobs.ts'
export { repairRoom } from './operator-repair/repair-room.ts'
export type { RepairDifference, RepairedEntry, RepairPlan } from './operator-repair/repair-plan.ts'
export type { ServerState, ServerStateReport } from './missing-events/server-state-report.ts'
export type { Retried } from './missing-events/retries.ts'
export { type CacheUsage, RecordCache } from './view/record-cache.ts'
export type { Compatibility } from './query/context.ts'
export { type RebuildParts, rebuildRoom } from './audit/rebuild-room.ts'
export { type AuditSource, auditRoom } from './audit/audit-room.ts'
export { isIntact } from './audit/text-state.ts'
