import type { Kysely } from 'kysely'
import type { AliasesTable, PublishedRoomsTable } from './tables/directory.ts'
import type { BlockedRoomsTable } from './tables/blocked-rooms.ts'
import type { BlocksTable } from './tables/blocks.ts'
import type { DeliveredOutputsTable } from './tables/delivered-outputs.ts'
import type { CountersTable } from './tables/counters.ts'
import type { MissingPrevEventsTable } from './tables/missing-prev.ts'
import type { EventsTable } from './tables/events.ts'
import type { HistoryPurgesTable } from './tables/history-purges.ts'
import type { InboxTable } from './tables/inbox.ts'
import type { InvitesTable } from './tables/invites.ts'
import type { JournalTable } from './tables/journal.ts'
import type { LeasesTable } from './tables/leases.ts'
import type { MembershipsTable } from './tables/memberships.ts'
import type { OutputEpochsTable } from './tables/output-epochs.ts'
import type { OutputMarksTable } from './tables/output-marks.ts'
import type { OutputStreamTable } from './tables/output-stream.ts'
import type { OutputsTable } from './tables/outputs.ts'
import type { PurgedEventsTable } from './tables/purged-events.ts'
import type { PurgesTable } from './tables/purges.ts'
import type { RedactionsTable } from './tables/redactions.ts'
import type { RepairsTable } from './tables/repairs.ts'
import type { RoomsTable } from './tables/rooms.ts'
import type { SchemaVersionsTable } from './tables/schema-versions.ts'
import type { SnapshotsTable } from './tables/snapshots.ts'
import type { StoreFactsTable } from './tables/store-facts.ts'
import type { EventTypesTable, StateKeysTable } from './tables/strings.ts'
import type { RemoteStatesTable } from './tables/remote-states.ts'
import type { TransactionsTable } from './tables/transactions.ts'
import type { UnreferencedSnapshotsTable } from './tables/unreferenced-snapshots.ts'

/** Every table and its row. */
export interface Schema {
  aliases: AliasesTable
  blocked_rooms: BlockedRoomsTable
  blocks: BlocksTable
  counters: CountersTable
  delivered_outputs: DeliveredOutputsTable
  event_types: EventTypesTable
  events: EventsTable
  history_purges: HistoryPurgesTable
  inbox: InboxTable
  invites: InvitesTable
  journal: JournalTable
  leases: LeasesTable
  memberships: MembershipsTable
  missing_prev_events: MissingPrevEventsTable
  output_epochs: OutputEpochsTable
  output_marks: OutputMarksTable
  output_stream: OutputStreamTable
  outputs: OutputsTable
  published_rooms: PublishedRoomsTable
  purged_events: PurgedEventsTable
  purges: PurgesTable
  redactions: RedactionsTable
  remote_states: RemoteStatesTable
  repairs: RepairsTable
  rooms: RoomsTable
  schema_versions: SchemaVersionsTable
  snapshots: SnapshotsTable
  state_keys: StateKeysTable
  store_facts: StoreFactsTable
  transactions: TransactionsTable
  unreferenced_snapshots: UnreferencedSnapshotsTable
}

/** The database, or a transaction in it. */
export type Db = Kysely<Schema>
