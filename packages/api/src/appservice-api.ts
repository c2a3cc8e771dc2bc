import type { z } from 'zod'
import { type ApiOf, repeatable } from './endpoint.ts'
import { bool, struct, text } from './wire/builders.ts'

/** Body of a request of `roomAliasExists`. Asks the application services whether one of them has an alias. */
export const RoomAliasExistsRequest = struct('api.RoomAliasExistsRequest', { alias: text() })
export type RoomAliasExistsRequest = z.infer<typeof RoomAliasExistsRequest>

/** Answer of `roomAliasExists`. */
export const RoomAliasExistsResponse = struct('api.RoomAliasExistsResponse', { exists: bool() })
export type RoomAliasExistsResponse = z.infer<typeof RoomAliasExistsResponse>

/** What the room server asks of the appservice component. */
export const appserviceEndpoints = {
  /** Asks the application services whether one of them has an alias. */
  roomAliasExists: repeatable({
    path: '/appservice/RoomAliasExists',
    request: RoomAliasExistsRequest,
    response: RoomAliasExistsResponse,
    summary: 'Asks the application services whether one of them has an alias.',
  }),
}

/** The appservice component as the room server uses it. */
export type AppserviceApi = ApiOf<typeof appserviceEndpoints>
