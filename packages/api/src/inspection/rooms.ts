import type { z } from 'zod'
import { repeatable } from '../endpoint.ts'
import { bool, emptyList, int, oneOf, orNull, struct, text } from '../wire/builders.ts'
import { cursorFromFirst, nextPage, upToThousand } from '../wire/paging.ts'
import { EventSummary } from './events.ts'

/** A room with the figures by which rooms are compared. */
export const RoomSummary = struct('inspection.RoomSummary', {
  room_id: text(),
  name: text('Empty: it has none. Foreign text, like the alias.'),
  canonical_alias: text('Empty: it has none.'),
  room_version: text(),
  is_stub: bool('Whether nothing is known of it but an invite.'),
  is_blocked: bool('Whether an operator blocked it.'),
  joined_members: int(),
  joined_local_members: int(),
  events: int('Stored events, outliers included.'),
  extremities: int(),
  soft_failed: int(),
  rejected: int(),
  outliers: int(),
  gaps: int('Prev events of stored events that are not stored.'),
  state_resets: int(),
  slowest_resolution_ms: int(
    'The longest resolution of its state since this process started; 0: none was noted.',
  ),
  bytes: int('Of the stored events and states, without what the database needs around them.'),
  last_activity_ts: int('When its latest event was sent, as the sender says; 0: there is none.'),
})
export type RoomSummary = z.infer<typeof RoomSummary>

/** Body of a request of `rooms`. */
export const InspectRoomsRequest = struct('inspection.RoomsRequest', {
  search: text('Part of a room ID, an alias or a name, without regard to case; empty: all rooms.'),
  sort: text(
    '`room_id`, `name`, `members`, `events`, `extremities`, `soft_failed`, `rejected`, `gaps`, `state_resets`, `resolution`, `bytes` or `last_activity`; empty: `last_activity`. Figures come greatest first.',
  ),
  is_reversed: bool(),
  cursor: cursorFromFirst(),
  limit: int('At most 200; 0: 50.'),
})
export type InspectRoomsRequest = z.infer<typeof InspectRoomsRequest>

/** Answer of `rooms`. */
export const InspectRoomsResponse = struct('inspection.RoomsResponse', {
  rooms: emptyList(RoomSummary),
  total: int('How many rooms match.'),
  next: nextPage(),
})
export type InspectRoomsResponse = z.infer<typeof InspectRoomsResponse>

/** How many users of a server are joined. */
export const ServerMembers = struct('inspection.ServerMembers', { server: text(), joined: int() })
export type ServerMembers = z.infer<typeof ServerMembers>

/** How many users have a membership. */
export const MembershipCount = struct('inspection.MembershipCount', { membership: text(), users: int() })
export type MembershipCount = z.infer<typeof MembershipCount>

/** What a room takes up in the store; bytes are those of contents. */
export const RoomStorage = struct('inspection.RoomStorage', {
  event_bytes: int(),
  bytes_per_event: int(),
  snapshots: int('Stored states.'),
  snapshot_bytes: int('Of their lists of blocks.'),
  current_blocks: int('Blocks of the current state; other states share them.'),
  current_block_bytes: int(),
  outputs: int('Announcements that are kept.'),
  output_bytes: int(),
})
export type RoomStorage = z.infer<typeof RoomStorage>

/** Body of a request of `room`. */
export const InspectRoomRequest = struct('inspection.RoomRequest', {
  room_id: text('Or an alias of this server.'),
})
export type InspectRoomRequest = z.infer<typeof InspectRoomRequest>

/** Answer of `room`. */
export const InspectRoomResponse = struct('inspection.RoomResponse', {
  room: RoomSummary,
  topic: text('Foreign text; empty: it has none.'),
  creator: text('Empty in a stub.'),
  join_rule: text(),
  history_visibility: text(),
  is_encrypted: bool(),
  replaced_by: text('The room that a tombstone names; empty: none.'),
  aliases: emptyList(text(), 'Of this server.'),
  is_published: bool('Whether it is in the room directory.'),
  memberships: emptyList(MembershipCount),
  servers: emptyList(ServerMembers, 'The 100 with the most joined users.'),
  server_count: int(),
  extremities: emptyList(EventSummary, 'At most 100.'),
  state_entries: int(),
  storage: orNull(RoomStorage, '`null` offline.'),
  problems: emptyList(text(), 'What is unusual about the room, in sentences.'),
})
export type InspectRoomResponse = z.infer<typeof InspectRoomResponse>

/** Answer of `roomName`. */
export const InspectRoomNameResponse = struct('inspection.RoomNameResponse', {
  room_id: text(),
  name: text('Empty: it has none. Foreign text, like the alias.'),
  canonical_alias: text('Empty: it has none.'),
  room_version: text(),
})
export type InspectRoomNameResponse = z.infer<typeof InspectRoomNameResponse>

/** Body of a request of `members`. */
export const InspectMembersRequest = struct('inspection.MembersRequest', {
  room_id: text(),
  membership: text('`join`, `invite`, `knock`, `leave` or `ban`; empty: any.'),
  server: text('Only users of this server; empty: of all.'),
  cursor: cursorFromFirst(),
  limit: upToThousand(),
})
export type InspectMembersRequest = z.infer<typeof InspectMembersRequest>

/** A user of a room. */
export const RoomMember = struct('inspection.RoomMember', {
  user_id: text(),
  membership: text(),
  display_name: text('Foreign text; empty: none.'),
  power_level: text('A number, or `creator`.'),
  event_id: text('The event by which they have their membership.'),
  since_ts: int('When that was sent, as the sender says.'),
})
export type RoomMember = z.infer<typeof RoomMember>

/** Answer of `members`. */
export const InspectMembersResponse = struct('inspection.MembersResponse', {
  members: emptyList(RoomMember),
  next: nextPage(),
})
export type InspectMembersResponse = z.infer<typeof InspectMembersResponse>

/** Body of a request of `jobs`. */
export const InspectJobsRequest = struct('inspection.JobsRequest', {
  room_id: text('Empty: of all rooms.'),
  cursor: cursorFromFirst(),
  limit: int('At most 500; 0: 100.'),
})
export type InspectJobsRequest = z.infer<typeof InspectJobsRequest>

/** Work on a room that takes longer than a request. */
export const RoomJob = struct('inspection.RoomJob', {
  kind: oneOf(['missing-events', 'purge-history', 'purge-room']),
  room_id: text(),
  event_id: text('The event that waits for missing ones, or before which history is purged; empty: none.'),
  state: text('`waiting`, `running`, `failed`, `gave-up` or `done`.'),
  done: int('Events that were fetched, or removed.'),
  attempts: int(),
  last_error: text('Empty: none has failed yet.'),
  since_ts: int(),
  next_ts: int('When it may be tried again; 0: not known.'),
})
export type RoomJob = z.infer<typeof RoomJob>

/** Answer of `jobs`. */
export const InspectJobsResponse = struct('inspection.JobsResponse', {
  jobs: emptyList(RoomJob),
  next: nextPage(),
})
export type InspectJobsResponse = z.infer<typeof InspectJobsResponse>

/** Body of a request of `activity`. */
export const InspectActivityRequest = struct('inspection.ActivityRequest', {})
export type InspectActivityRequest = z.infer<typeof InspectActivityRequest>

/** A room that the process has work for. */
export const BusyRoom = struct('inspection.BusyRoom', {
  room_id: text(),
  waiting: int('Pieces of work in its queue, the one at work included.'),
  step: text('What is being done; empty: nothing at this moment.'),
  step_ms: int('For how long.'),
  quarantined_ms: int('How long its input is still refused after a fault; 0: it is not.'),
})
export type BusyRoom = z.infer<typeof BusyRoom>

/** A figure of a process. */
export const Figure = struct('inspection.Figure', { name: text(), value: int(), says: text() })
export type Figure = z.infer<typeof Figure>

/** Answer of `activity`: what the process that answers does now. */
export const InspectActivityResponse = struct('inspection.ActivityResponse', {
  server_name: text(),
  started_ts: int(),
  rooms: emptyList(BusyRoom, 'The 100 with the most work.'),
  queued_events: int(),
  queued_bytes: int(),
  inbox: int('Asynchronous input that waits, of all processes, counted to 1,000.'),
  waiting_outputs: int(
    'Announcements that wait for the message server, counted to 1,000; -1: there is none.',
  ),
  figures: emptyList(Figure, 'Counts since the start.'),
})
export type InspectActivityResponse = z.infer<typeof InspectActivityResponse>

/** Questions about rooms and the process. */
export const roomInspectionEndpoints = {
  /** Finds rooms, and sorts them by what they cost. */
  rooms: repeatable({
    path: '/inspect/v1/rooms',
    request: InspectRoomsRequest,
    response: InspectRoomsResponse,
    summary: 'Finds rooms, and sorts them by what they cost.',
  }),
  /** Gives everything that is known of a room, but for its events and state. */
  room: repeatable({
    path: '/inspect/v1/room',
    request: InspectRoomRequest,
    response: InspectRoomResponse,
    summary: 'Gives everything that is known of a room, but for its events and state.',
  }),
  /** Gives the name of a room. Costs little, however large the room is. */
  roomName: repeatable({
    path: '/inspect/v1/roomName',
    request: InspectRoomRequest,
    response: InspectRoomNameResponse,
    summary: 'Gives the name of a room. Costs little, however large the room is.',
  }),
  /** Lists the users of a room. */
  members: repeatable({
    path: '/inspect/v1/members',
    request: InspectMembersRequest,
    response: InspectMembersResponse,
    summary: 'Lists the users of a room.',
  }),
  /** Lists events that wait for missing ones, and other long work on rooms. */
  jobs: repeatable({
    path: '/inspect/v1/jobs',
    request: InspectJobsRequest,
    response: InspectJobsResponse,
    summary: 'Lists events that wait for missing ones, and other long work on rooms.',
  }),
  /** Tells what the process does now. */
  activity: repeatable({
    path: '/inspect/v1/activity',
    request: InspectActivityRequest,
    response: InspectActivityResponse,
    summary: 'Tells what the process does now.',
  }),
}
