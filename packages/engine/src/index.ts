import './node-version.ts'
export type { Engine, EngineParts } from './engine.ts'
export { type AtPoint, FAULT_POINTS, type FaultPoint } from './fault-points.ts'
export { CONTENT_HASHES } from './maintenance/scrubber.ts'
export { openEngine } from './open-engine.ts'
export {
  ENGINE_DEFAULTS,
  type EngineComponents,
  type EngineObserver,
  type EngineOptions,
  type MaintenanceOptions,
} from './options.ts'
export type { OutputLogOptions, OutputOptions, OutputRelayOptions } from './outputs/output-options.ts'
export type { Outputs } from './outputs/outputs.ts'
export type { Readiness } from './readiness.ts'
export type { CreateRoomOptions, InitialStateEvent } from './rooms/create-room.ts'
export type { Member } from './rooms/members.ts'
export type { RoomPreset } from './rooms/new-room-state.ts'
export type { RoomEvent } from './rooms/room-event.ts'
export type { JoinOptions, MessagesOptions, MessagesPage, RoomMethods } from './rooms/room-methods.ts'
export type { RoomOutput, SubscribeOptions } from './rooms/subscription.ts'
export {
  formatSigningKey,
  newSigningKey,
  parseSigningKey,
  publicKeyOf,
  readOrCreateSigningKey,
  readSigningKey,
  refuseUnsafeKey,
  signingKeyOf,
  type SigningSeed,
} from './signing-key.ts'
export { openMove, type StoreMove } from './store/move-store.ts'
export { planMigration, type StoreMigrationPlan } from './store/migrate-store.ts'
export { lockFile } from './store/lock-file.ts'
export { openStore, refuseForeignStore, type StoreWatchers } from './store/open-store.ts'
