export { inspectEvent } from './answers/inspect-event.ts'
export { exportRoom, inspectEvents, inspectGraph } from './answers/inspect-graph.ts'
export { inspectDiff, inspectState } from './answers/inspect-state.ts'
export { escaped, shortened } from './escaped.ts'
export { contentSummary } from './event/content-summary.ts'
export { eventSummary, missingEvent, statusOf, type SummaryFacts } from './event/event-summary.ts'
export type {
  EntrySetters,
  InspectedStore,
  InspectionSource,
  JournalPlace,
  MemberRow,
  MembershipCount,
  PlacedJournalRecord,
  RoomFigures,
} from './read/inspection-source.ts'
export type { RecordNeed, RecordReader } from './read/record-reader.ts'
