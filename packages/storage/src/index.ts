import './node-version.ts'
export { decodeBlock, encodeBlock } from './block-codec.ts'
export { type Leader, runAsLeader } from './leader-election.ts'
export { newestMigration as newestSchema } from './migrations/index.ts'
export { connectionStringFault, parseConnectionString } from './dialect/postgres/connection-string.ts'
export type { MigrationPlan, PlannedStep } from './migration-plan.ts'
export type { MoveProgress } from './move/move-store.ts'
export {
  moveBetween,
  type OpenMove,
  openRehearsalStore,
  openStorage,
  planStoreMigration,
  type StorageOptions,
  type StorageHooks,
} from './open.ts'
export type { PostgresOptions } from './dialect/postgres/pool.ts'
export type { SqliteOptions } from './dialect/sqlite/open.ts'
export type { PoolUse } from './dialect/database.ts'
export type { Storage } from './storage.ts'
export type { RoomSize } from '@roomserver/types'
export type { CheckContext, RoomCheck } from './upkeep/check.ts'
export type { CounterFinding } from './upkeep/check-counters.ts'
export type { IndexFinding } from './upkeep/check-indexes.ts'
export type { ContentHashes } from './upkeep/check-state.ts'
export type { Collection } from './upkeep/collect.ts'
export type { CareCounts, DatabaseFacts } from './upkeep/database-facts.ts'
export type { Finding } from './upkeep/finding.ts'
export type { LooseRows } from './upkeep/loose-rows.ts'
export type { LostRoom } from './upkeep/lost-rooms.ts'
