import { historyPurgeEndpoints } from './administration/history-purges.ts'
import { purgeEndpoints } from './administration/purges.ts'
import { repairEndpoints } from './administration/repairs.ts'
import { roomAdministrationEndpoints } from './administration/rooms.ts'
import type { ApiOf } from './endpoint.ts'

// Named, so that declarations keep what stands above each operation.
type Table = typeof roomAdministrationEndpoints &
  typeof purgeEndpoints &
  typeof historyPurgeEndpoints &
  typeof repairEndpoints

/** The operations with which operators change rooms, by method name. Each writes an audit line to the log. */
export const administrationEndpoints: Table = {
  ...roomAdministrationEndpoints,
  ...purgeEndpoints,
  ...historyPurgeEndpoints,
  ...repairEndpoints,
}

/**
 * What operators do to rooms, in process or behind HTTP.
 *
 * A method answers, or rejects with a `RoomserverError`: ROOM_NOT_FOUND, INVALID_ARGUMENT, NOT_ALLOWED, MALFORMED_EVENT,
 * ROOM_BLOCKED.
 */
export type AdministrationApi = ApiOf<typeof administrationEndpoints>

/** The name of an operation of the administration API. */
export type AdministrationOperation = keyof typeof administrationEndpoints
