import type { z } from 'zod'
import { HeaderedEvent } from './events.ts'
import { TransactionId } from './input.ts'
import { bool, int, list, omitZero, orNull, serverName, struct, text, version } from './wire/builders.ts'

function visibility() {
  return text('History visibility at the event.', 'gomatrixserverlib.HistoryVisibility')
}

/** An event was added to the end of a room's graph. */
export const OutputNewRoomEvent = struct('api.OutputNewRoomEvent', {
  event: orNull(HeaderedEvent),
  rewrites_state: omitZero(bool('Forget the state you know: `adds_state_event_ids` is all of it.')),
  latest_event_ids: list(text(), 'Forward extremities after the event.'),
  adds_state_event_ids: omitZero(list(text(), 'What the event added to the current state.')),
  removes_state_event_ids: omitZero(list(text(), 'What it removed from the current state.')),
  last_sent_event_id: text('The event of the output before this one; empty for the first.'),
  state_before_adds_event_ids: omitZero(
    list(text(), 'What the state before the event has that the current state lacks.'),
  ),
  state_before_removes_event_ids: omitZero(
    list(text(), 'What the current state has that the state before the event lacks.'),
  ),
  send_as_server: text('In whose name to send it to other servers; empty: not at all.'),
  transaction_id: omitZero(orNull(TransactionId)),
  history_visibility: visibility(),
})
export type OutputNewRoomEvent = z.infer<typeof OutputNewRoomEvent>

/** An event was added to the past of a room's graph. */
export const OutputOldRoomEvent = struct('api.OutputOldRoomEvent', {
  event: orNull(HeaderedEvent),
  history_visibility: visibility(),
})
export type OutputOldRoomEvent = z.infer<typeof OutputOldRoomEvent>

/** A user of this server was invited. */
export const OutputNewInviteEvent = struct('api.OutputNewInviteEvent', {
  room_version: version(),
  event: orNull(HeaderedEvent),
})
export type OutputNewInviteEvent = z.infer<typeof OutputNewInviteEvent>

/** An invite is over. */
export const OutputRetireInviteEvent = struct('api.OutputRetireInviteEvent', {
  EventID: text('The invite.'),
  TargetUserID: text(),
  RetiredByEventID: text('What ended it; empty when the invite was rejected without an event.'),
  Membership: text('The membership that follows.'),
})
export type OutputRetireInviteEvent = z.infer<typeof OutputRetireInviteEvent>

/** An event was redacted. */
export const OutputRedactedEvent = struct('api.OutputRedactedEvent', {
  RedactedEventID: text(),
  RedactedBecause: orNull(HeaderedEvent),
})
export type OutputRedactedEvent = z.infer<typeof OutputRedactedEvent>

/** A device of this server peeks into a room. */
export const OutputNewPeek = struct('api.OutputNewPeek', {
  RoomID: text(),
  UserID: text(),
  DeviceID: text(),
})
export type OutputNewPeek = z.infer<typeof OutputNewPeek>

/** Another server peeks into a room. */
export const OutputNewInboundPeek = struct('api.OutputNewInboundPeek', {
  RoomID: text(),
  PeekID: text(),
  LatestEventID: text('Where in the graph the peek begins.'),
  ServerName: serverName(),
  RenewalInterval: int('Milliseconds until it has to be renewed.', 'int64'),
})
export type OutputNewInboundPeek = z.infer<typeof OutputNewInboundPeek>

/** A device of this server peeks no more. */
export const OutputRetirePeek = struct('api.OutputRetirePeek', {
  RoomID: text(),
  UserID: text(),
  DeviceID: text(),
})
export type OutputRetirePeek = z.infer<typeof OutputRetirePeek>

/** What the room server tells the others: `type` names the one member that is not null. */
export const OutputEvent = struct('api.OutputEvent', {
  type: text('Name of the member that is there.', 'api.OutputType'),
  new_room_event: omitZero(orNull(OutputNewRoomEvent)),
  old_room_event: omitZero(orNull(OutputOldRoomEvent)),
  new_invite_event: omitZero(orNull(OutputNewInviteEvent)),
  retire_invite_event: omitZero(orNull(OutputRetireInviteEvent)),
  redacted_event: omitZero(orNull(OutputRedactedEvent)),
  new_peek: omitZero(orNull(OutputNewPeek)),
  new_inbound_peek: omitZero(orNull(OutputNewInboundPeek)),
  retire_peek: omitZero(orNull(OutputRetirePeek)),
})
export type OutputEvent = z.infer<typeof OutputEvent>
