import type { ApiOf } from './endpoint.ts'
import { inputEndpoints } from './input.ts'
import { administrationEndpoints } from './roomserver/administration.ts'
import { aliasEndpoints } from './roomserver/aliases.ts'
import { eventQueryEndpoints } from './roomserver/event-queries.ts'
import { membershipChangeEndpoints } from './roomserver/membership-changes.ts'
import { membershipQueryEndpoints } from './roomserver/membership-queries.ts'
import { peekEndpoints } from './roomserver/peeking.ts'
import { stateQueryEndpoints } from './roomserver/state-queries.ts'

// Named, so that declarations keep what stands above each operation.
type Table = typeof inputEndpoints &
  typeof membershipChangeEndpoints &
  typeof peekEndpoints &
  typeof administrationEndpoints &
  typeof aliasEndpoints &
  typeof stateQueryEndpoints &
  typeof eventQueryEndpoints &
  typeof membershipQueryEndpoints

/** All operations of the room server, by method name. */
export const roomserverEndpoints: Table = {
  ...inputEndpoints,
  ...membershipChangeEndpoints,
  ...peekEndpoints,
  ...administrationEndpoints,
  ...aliasEndpoints,
  ...stateQueryEndpoints,
  ...eventQueryEndpoints,
  ...membershipQueryEndpoints,
}

/**
 * The room server, in process or behind HTTP.
 *
 * A method answers, or rejects with a `RoomserverError`; anything else that it rejects with is a bug of ours. Refusals
 * that callers act upon are answers: `Error` of the perform operations, `ErrMsg` of the input.
 */
export type RoomserverApi = ApiOf<typeof roomserverEndpoints>

/** The name of an operation of the room server. */
export type RoomserverOperation = keyof typeof roomserverEndpoints
