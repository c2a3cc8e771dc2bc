export { createInspection } from './create-inspection.ts'
export { escaped, shortened } from './escaped.ts'
export { contentSummary } from './event/content-summary.ts'
export { eventSummary, missingEvent, statusOf, type SummaryFacts } from './event/event-summary.ts'
export { GRAPH_FORMATS, type GraphFormat, graphText } from './graph-text/graph-text.ts'
export { type EventFile, type FileEvent, readEventFile, readEventStream } from './offline/event-file.ts'
export type { EventsInProgress } from './offline/events-in-progress.ts'
export { type OpenedEvents, openEvents, type OpenOptions } from './offline/open-events.ts'
export type {
  EventFilter,
  EventsFound,
  InspectedStore,
  InspectionSource,
  JournalPlace,
  MemberRow,
  MembershipCount,
  PlacedJournalRecord,
  RoomFigures,
} from './read/inspection-source.ts'
export type { RecordNeed, RecordReader } from './read/record-reader.ts'
export { exportScenario, type ScenarioPart } from './tardis/export-scenario.ts'
export { resolveForTardis, type TardisAnswer, type TardisEvents } from './tardis/resolve-for-tardis.ts'
