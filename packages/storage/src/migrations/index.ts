import { roomsAndEvents } from './0001-rooms-and-events.ts'
import { leases } from './0002-leases.ts'
import { repairs } from './0003-repairs.ts'
import { inboxClaims } from './0004-inbox-claims.ts'
import { quickLeases } from './0005-quick-leases.ts'
import { trimmedOutputs } from './0006-trimmed-outputs.ts'
import { outputBytes } from './0007-output-bytes.ts'
import { toldStates } from './0008-told-states.ts'
import { roomOrder } from './0009-room-order.ts'
import { upkeepMarks } from './0010-upkeep-marks.ts'
import { authContent } from './0011-auth-content.ts'
import { unreferencedSnapshots } from './0012-unreferenced-snapshots.ts'
import { storeFacts } from './0013-store-facts.ts'
import { wordsOfMatrix } from './0014-words-of-matrix.ts'
import { deliveredOutputs } from './0015-delivered-outputs.ts'
import { blockedRooms } from './0016-blocked-rooms.ts'
import { purges } from './0017-purges.ts'
import { purgedHistory } from './0018-purged-history.ts'
import { inspectedEvents } from './0019-inspected-events.ts'
import type { Migration } from './migration.ts'

/** Every migration, in the order in which they run. */
export const migrations: readonly Migration[] = [
  roomsAndEvents,
  leases,
  repairs,
  inboxClaims,
  quickLeases,
  trimmedOutputs,
  outputBytes,
  toldStates,
  roomOrder,
  upkeepMarks,
  authContent,
  unreferencedSnapshots,
  storeFacts,
  wordsOfMatrix,
  deliveredOutputs,
  blockedRooms,
  purges,
  purgedHistory,
  inspectedEvents,
]

/** The schema that this program knows. */
export const newestMigration = Math.max(...migrations.map(({ version }) => version))
