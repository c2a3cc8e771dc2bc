import type { ApiOf } from './endpoint.ts'
import { arrivalInspectionEndpoints } from './inspection/arrivals.ts'
import { eventInspectionEndpoints } from './inspection/events.ts'
import { roomInspectionEndpoints } from './inspection/rooms.ts'
import { stateInspectionEndpoints } from './inspection/states.ts'

// Named, so that declarations keep what stands above each operation.
type Table = typeof roomInspectionEndpoints &
  typeof eventInspectionEndpoints &
  typeof stateInspectionEndpoints &
  typeof arrivalInspectionEndpoints

/** The operations that look inside rooms and change nothing, by method name. */
export const inspectionEndpoints: Table = {
  ...roomInspectionEndpoints,
  ...eventInspectionEndpoints,
  ...stateInspectionEndpoints,
  ...arrivalInspectionEndpoints,
}

/**
 * What operators ask about rooms: in process, behind HTTP, or of a file of events.
 *
 * A method answers, or rejects with a `RoomserverError`: ROOM_NOT_FOUND, EVENT_NOT_FOUND, INVALID_ARGUMENT.
 */
export type InspectionApi = ApiOf<typeof inspectionEndpoints>

/** The name of an operation of the inspection API. */
export type InspectionOperation = keyof typeof inspectionEndpoints
