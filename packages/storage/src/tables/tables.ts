import type { Dialect } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'
import { blockQueries } from './blocks.ts'
import { blockedRoomQueries } from './blocked-rooms.ts'
import { counterQueries } from './counters.ts'
import { deliveredOutputQueries } from './delivered-outputs.ts'
import { missingPrevQueries } from './missing-prev.ts'
import { directoryQueries } from './directory.ts'
import { eventQueries } from './events.ts'
import { historyPurgeQueries } from './history-purges.ts'
import { inboxQueries } from './inbox.ts'
import { inviteQueries } from './invites.ts'
import { journalQueries } from './journal.ts'
import { leaseQueries } from './leases.ts'
import { membershipQueries } from './memberships.ts'
import { mentionQueries } from './mentions.ts'
import { outputEpochQueries } from './output-epochs.ts'
import { trimQueries } from './output-marks.ts'
import { outputStreamQueries } from './output-stream.ts'
import { outputQueries } from './outputs.ts'
import { purgedEventQueries } from './purged-events.ts'
import { purgedHistoryQueries } from './purged-history.ts'
import { purgeQueries } from './purges.ts'
import { purgedRowQueries } from './purged-rows.ts'
import { redactionQueries } from './redactions.ts'
import { repairQueries } from './repairs.ts'
import { roomQueries } from './rooms.ts'
import { sharingQueries } from './sharing.ts'
import { sizeQueries } from './sizes.ts'
import { snapshotQueries } from './snapshots.ts'
import { storeFactQueries } from './store-facts.ts'
import { eventTypeQueries, stateKeyQueries } from './strings.ts'
import { remoteStateQueries } from './remote-states.ts'
import { transactionQueries } from './transactions.ts'
import { unreferencedSnapshotQueries } from './unreferenced-snapshots.ts'

/** The queries of every table, compiled for one dialect. They run on the database or on a transaction in it. */
export type Tables = ReturnType<typeof compileTables>

const compiled = new WeakMap<Dialect, Tables>()

/** The queries for a dialect, compiled once: they are the same for every store that a process opens. */
export function tablesFor(dialect: Dialect, build: Db): Tables {
  const known = compiled.get(dialect)
  if (known !== undefined) return known
  const tables = compileTables(dialect, build)
  compiled.set(dialect, tables)
  return tables
}

/** @param build - makes the text of the queries; nothing runs on it here */
export function compileTables(dialect: Dialect, build: Db) {
  return {
    dialect,
    blockedRooms: blockedRoomQueries(dialect, build),
    blocks: blockQueries(dialect, build),
    counters: counterQueries(build),
    deliveredOutputs: deliveredOutputQueries(dialect, build),
    missingPrevEvents: missingPrevQueries(dialect, build),
    directory: directoryQueries(build),
    events: eventQueries(dialect, build),
    eventTypes: eventTypeQueries(dialect, build),
    historyPurges: historyPurgeQueries(dialect, build),
    inbox: inboxQueries(dialect, build),
    invites: inviteQueries(dialect, build),
    journal: journalQueries(dialect, build),
    leases: leaseQueries(dialect, build),
    memberships: membershipQueries(dialect, build),
    mentions: mentionQueries(dialect, build),
    outputEpochs: outputEpochQueries(dialect, build),
    outputs: outputQueries(dialect, build),
    outputStream: outputStreamQueries(build),
    purgedEvents: purgedEventQueries(dialect, build),
    purgedHistory: purgedHistoryQueries(dialect, build),
    purges: purgeQueries(dialect, build),
    purgedRows: purgedRowQueries(dialect, build),
    redactions: redactionQueries(dialect, build),
    repairs: repairQueries(dialect, build),
    rooms: roomQueries(dialect, build),
    sharing: sharingQueries(dialect, build),
    sizes: sizeQueries(dialect, build),
    snapshots: snapshotQueries(dialect, build),
    stateKeys: stateKeyQueries(dialect, build),
    storeFacts: storeFactQueries(build),
    remoteStates: remoteStateQueries(dialect, build),
    transactions: transactionQueries(dialect, build),
    trim: trimQueries(build),
    unreferencedSnapshots: unreferencedSnapshotQueries(dialect, build),
  }
}
