export {
  createRoomserver,
  createTendedRoomserver,
  type RoomserverDeps,
  type RoomserverOptions,
  type TendedRoomserver,
} from './create-roomserver.ts'
export type { EventInput, EventKind, Outcome } from './decide/event-input.ts'
export { createInput, type InputDeps, type RoomInput } from './input/create-input.ts'
export type { InputCounters } from './input/counters.ts'
export type { Fetched, FetchMissing, MissingEvents } from './input/fetch-missing.ts'
export { DEFAULT_ROOM_LIMITS, type RoomLimits } from './input/rooms.ts'
export type { DummyEvents } from './perform/dummy-events.ts'
export { renderOutput } from './output/render-output.ts'
export type {
  DirectoryStore,
  InboxItem,
  InboxStore,
  MembershipStore,
  OutputStore,
  PieceStore,
  RepairStore,
  RoomStore,
  Store,
  StoredOutput,
} from './ports.ts'
export type { AllRepairLimits, RoomRepairs } from './repair/create-repairs.ts'
export type { RepairJob } from './repair/repair-jobs.ts'
export { repairRoom } from './repair/operator/repair-room.ts'
export type { RepairDifference, RepairedEntry, RepairPlan } from './repair/operator/repair-plan.ts'
export type { ToldState, ToldStates } from './repair/operator/states-of-servers.ts'
export type { Retried } from './repair/retries.ts'
export { Pieces } from './view/pieces.ts'
export type { Compatibility } from './query/context.ts'
export { type MendParts, mendRoom } from './recheck/mend-room.ts'
export { type RecheckSource, recheckRoom } from './recheck/recheck-room.ts'
export { isIntact } from './recheck/text-state.ts'
