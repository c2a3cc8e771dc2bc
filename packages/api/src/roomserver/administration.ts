import type { z } from 'zod'
import { once, repeatable } from '../endpoint.ts'
import { HeaderedEvent } from '../events.ts'
import { BodySize } from '../limits.ts'
import { PerformError } from '../perform-error.ts'
import { int, list, map, orNull, serverName, struct, text, version } from '../wire/builders.ts'

/** Body of a request of `performRoomUpgrade`. Replaces a room by a new one of another version. */
export const PerformRoomUpgradeRequest = struct('api.PerformRoomUpgradeRequest', {
  room_id: text(),
  user_id: text('Who upgrades it.'),
  room_version: version('The version of the new room.'),
})
export type PerformRoomUpgradeRequest = z.infer<typeof PerformRoomUpgradeRequest>

/** Answer of `performRoomUpgrade`. */
export const PerformRoomUpgradeResponse = struct('api.PerformRoomUpgradeResponse', {
  NewRoomID: text(),
  Error: orNull(PerformError),
})
export type PerformRoomUpgradeResponse = z.infer<typeof PerformRoomUpgradeResponse>

/** Body of a request of `performAdminEvacuateRoom`. Takes all users of this server out of a room. */
export const PerformAdminEvacuateRoomRequest = struct('api.PerformAdminEvacuateRoomRequest', {
  room_id: text(),
})
export type PerformAdminEvacuateRoomRequest = z.infer<typeof PerformAdminEvacuateRoomRequest>

/** Answer of `performAdminEvacuateRoom`. */
export const PerformAdminEvacuateRoomResponse = struct('api.PerformAdminEvacuateRoomResponse', {
  affected: list(text(), 'Users who left.'),
  Error: orNull(PerformError),
})
export type PerformAdminEvacuateRoomResponse = z.infer<typeof PerformAdminEvacuateRoomResponse>

/** Body of a request of `performAdminEvacuateUser`. Takes a user of this server out of all rooms. */
export const PerformAdminEvacuateUserRequest = struct('api.PerformAdminEvacuateUserRequest', {
  user_id: text(),
})
export type PerformAdminEvacuateUserRequest = z.infer<typeof PerformAdminEvacuateUserRequest>

/** Answer of `performAdminEvacuateUser`. */
export const PerformAdminEvacuateUserResponse = struct('api.PerformAdminEvacuateUserResponse', {
  affected: list(text(), 'Rooms that the user left.'),
  Error: orNull(PerformError),
})
export type PerformAdminEvacuateUserResponse = z.infer<typeof PerformAdminEvacuateUserResponse>

/** Body of a request of `performBackfill`. Gives earlier events of a room, fetching from other servers what is not here. */
export const PerformBackfillRequest = struct('api.PerformBackfillRequest', {
  room_id: text(),
  backwards_extremities: map(list(text()), 'string', 'Event → those of its prev events that are missing.'),
  limit: int('How many events at the most.'),
  server_name: serverName('Who asks: our own name, or the server that is to be answered.'),
})
export type PerformBackfillRequest = z.infer<typeof PerformBackfillRequest>

/** Answer of `performBackfill`. */
export const PerformBackfillResponse = struct('api.PerformBackfillResponse', {
  events: list(HeaderedEvent, 'Going back from the extremities.'),
})
export type PerformBackfillResponse = z.infer<typeof PerformBackfillResponse>

/** Upgrade, evacuation, filling in history. */
export const administrationEndpoints = {
  /** Replaces a room by a new one of another version. */
  performRoomUpgrade: once({
    path: '/roomserver/performRoomUpgrade',
    request: PerformRoomUpgradeRequest,
    response: PerformRoomUpgradeResponse,
    summary: 'Replaces a room by a new one of another version.',
    timeoutMs: 120_000,
  }),
  /** Takes all users of this server out of a room. */
  performAdminEvacuateRoom: once({
    path: '/roomserver/performAdminEvacuateRoom',
    request: PerformAdminEvacuateRoomRequest,
    response: PerformAdminEvacuateRoomResponse,
    summary: 'Takes all users of this server out of a room.',
    timeoutMs: 600_000,
  }),
  /** Takes a user of this server out of all rooms. */
  performAdminEvacuateUser: once({
    path: '/roomserver/performAdminEvacuateUser',
    request: PerformAdminEvacuateUserRequest,
    response: PerformAdminEvacuateUserResponse,
    summary: 'Takes a user of this server out of all rooms.',
    timeoutMs: 600_000,
  }),
  /** Gives earlier events of a room, fetching from other servers what is not here. */
  performBackfill: repeatable({
    path: '/roomserver/performBackfill',
    request: PerformBackfillRequest,
    response: PerformBackfillResponse,
    summary: 'Gives earlier events of a room, fetching from other servers what is not here.',
    maxBodyBytes: BodySize.list,
    timeoutMs: 120_000,
  }),
}
