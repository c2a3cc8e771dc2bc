import type { z } from 'zod'
import { once } from '../endpoint.ts'
import { HeaderedEvent } from '../events.ts'
import { PerformError } from '../perform-error.ts'
import { bool, int, list, orNull, serverName, struct, text, version } from '../wire/builders.ts'

/** Body of a request of `performPeek`. Lets a device of this server look into a world-readable room. */
export const PerformPeekRequest = struct('api.PerformPeekRequest', {
  room_id_or_alias: text(),
  user_id: text(),
  device_id: text(),
  server_names: list(serverName(), 'Servers that may know the room.'),
})
export type PerformPeekRequest = z.infer<typeof PerformPeekRequest>

/** Answer of `performPeek`. */
export const PerformPeekResponse = struct('api.PerformPeekResponse', {
  room_id: text(),
  Error: orNull(PerformError),
})
export type PerformPeekResponse = z.infer<typeof PerformPeekResponse>

/** Body of a request of `performUnpeek`. Ends the peek of a device. */
export const PerformUnpeekRequest = struct('api.PerformUnpeekRequest', {
  room_id: text(),
  user_id: text(),
  device_id: text(),
})
export type PerformUnpeekRequest = z.infer<typeof PerformUnpeekRequest>

/** Answer of `performUnpeek`. */
export const PerformUnpeekResponse = struct('api.PerformUnpeekResponse', { Error: orNull(PerformError) })
export type PerformUnpeekResponse = z.infer<typeof PerformUnpeekResponse>

/** Body of a request of `performInboundPeek`. Lets another server look into a room. */
export const PerformInboundPeekRequest = struct('api.PerformInboundPeekRequest', {
  user_id: text(),
  room_id: text(),
  peek_id: text('What the peeking server calls its peek.'),
  server_name: serverName('The server that peeks.'),
  renewal_interval: int('Milliseconds until it has to be renewed.', 'int64'),
})
export type PerformInboundPeekRequest = z.infer<typeof PerformInboundPeekRequest>

/** Answer of `performInboundPeek`. */
export const PerformInboundPeekResponse = struct('api.PerformInboundPeekResponse', {
  room_exists: bool(),
  room_version: version(),
  state_events: list(HeaderedEvent, 'State at the latest event.'),
  auth_chain_events: list(HeaderedEvent, 'Their auth chain.'),
  latest_event: orNull(HeaderedEvent),
})
export type PerformInboundPeekResponse = z.infer<typeof PerformInboundPeekResponse>

/** Looking into rooms from outside. */
export const peekEndpoints = {
  /** Lets a device of this server look into a world-readable room. */
  performPeek: once({
    path: '/roomserver/performPeek',
    request: PerformPeekRequest,
    response: PerformPeekResponse,
    summary: 'Lets a device of this server look into a world-readable room.',
    timeoutMs: 120_000,
  }),
  /** Ends the peek of a device. */
  performUnpeek: once({
    path: '/roomserver/performUnpeek',
    request: PerformUnpeekRequest,
    response: PerformUnpeekResponse,
    summary: 'Ends the peek of a device.',
  }),
  /** Lets another server look into a room. */
  performInboundPeek: once({
    path: '/roomserver/performInboundPeek',
    request: PerformInboundPeekRequest,
    response: PerformInboundPeekResponse,
    summary: 'Lets another server look into a room.',
  }),
}
