import type { z } from 'zod'
import { type ApiOf, repeatable } from './endpoint.ts'
import { jsonText, map, struct, text } from './wire/builders.ts'

/** Body of a request of `queryAccountData`. Gives account data of a user: a server notice room is known by its tag. */
export const QueryAccountDataRequest = struct('api.QueryAccountDataRequest', {
  UserID: text(),
  RoomID: text('Empty: the data of the account itself.'),
  DataType: text('Empty: all types.'),
})
export type QueryAccountDataRequest = z.infer<typeof QueryAccountDataRequest>

/** Answer of `queryAccountData`. */
export const QueryAccountDataResponse = struct('api.QueryAccountDataResponse', {
  GlobalAccountData: map(jsonText(), 'string', 'Type → data.'),
  RoomAccountData: map(map(jsonText()), 'string', 'Room → type → data.'),
})
export type QueryAccountDataResponse = z.infer<typeof QueryAccountDataResponse>

/** What the room server asks of the user component. */
export const userEndpoints = {
  /** Gives account data of a user: a server notice room is known by its tag. */
  queryAccountData: repeatable({
    path: '/userapi/queryAccountData',
    request: QueryAccountDataRequest,
    response: QueryAccountDataResponse,
    summary: 'Gives account data of a user: a server notice room is known by its tag.',
  }),
}

/** The user component as the room server uses it. */
export type UserApi = ApiOf<typeof userEndpoints>
