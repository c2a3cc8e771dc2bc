export {
  type AllocatorNeed,
  type AppliedChanges,
  applyChanges,
  type BlockOrigin,
  snapshotOf,
  type StateAllocator,
} from './snapshot/apply-changes.ts'
export { difference, type Divergence, divergences, type StateChange } from './snapshot/difference.ts'
export {
  eachEntry,
  type Entries,
  entriesFrom,
  entryCount,
  eventAt,
  findEvent,
  NO_ENTRIES,
  stateKeyAt,
  typeAt,
} from './snapshot/entries.ts'
export { blockHash, snapshotHash } from './snapshot/hash.ts'
export { allEntries, entriesOfType, lookup } from './snapshot/lookup.ts'
export { type BlockNeed, type BlockReader, blocksOf, layersOf } from './snapshot/reader.ts'
export { type Run, visibleRuns } from './snapshot/visible-runs.ts'
export type {
  ChainReading,
  ConflictOutcome,
  JudgedEvent,
  ResolutionTrace,
  Step,
  TraceChange,
  TraceEntry,
} from './resolution/trace.ts'
export { traceText } from './resolution/trace-text.ts'
export type { EventSource, UnknownAuthEvents } from './resolution/map-graph.ts'
export { type AsyncResolveOptions, resolveStateAsync } from './resolution/resolve-state-async.ts'
export {
  type ResolvedState,
  type ResolveOptions,
  resolveState,
  resolvingState,
} from './resolution/resolve-state.ts'
export { authStateFrom, stateEntries, type StateMap, stateMap, stateMapOf } from './state-map.ts'
export {
  type ResolvedChange,
  resolveSnapshots,
  type SnapshotResolution,
  type SnapshotResolveOptions,
  type ConflictedEntry,
} from './resolution/resolve-snapshots.ts'
export { ContinuedResolution } from './resolution/continued/continued-resolution.ts'
export type { ContinuedOutcome, ContinuedWork } from './resolution/continued/states-against-base.ts'
export type { ResolutionNeed, SnapshotReader } from './resolution/snapshot-reader.ts'
