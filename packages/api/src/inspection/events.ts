import type { z } from 'zod'
import { repeatable } from '../endpoint.ts'
import { bool, emptyList, int, oneOf, orNull, struct, text } from '../wire/builders.ts'
import { cursorFromFirst } from '../wire/paging.ts'

/**
 * How an event stands, as a graph shows it. `missing`: it is referred to and not stored. `unevaluated`: it is of a file that is
 * being opened.
 */
export const EventStatus = oneOf(['accepted', 'soft-failed', 'rejected', 'outlier', 'missing', 'unevaluated'])
export type EventStatus = z.infer<typeof EventStatus>

/** An event in a few words: a node of the graph, a line of a list. */
export const EventSummary = struct('inspection.EventSummary', {
  event_id: text(),
  type: text('Empty where the event is missing, like all that follows.'),
  state_key: orNull(text(), '`null`: not a state event.'),
  sender: text(),
  origin_server_ts: int('Milliseconds since the epoch, as the sender says.'),
  depth: int('As the sender says.'),
  prev_events: emptyList(text()),
  auth_events: emptyList(text()),
  status: EventStatus,
  is_redacted: bool(),
  is_extremity: bool('Whether it is a forward extremity of the room.'),
  says: text('What its content says, in at most 200 characters. Foreign text: show it escaped.'),
})
export type EventSummary = z.infer<typeof EventSummary>

/** A rule that decided. */
export const RuleReference = struct('inspection.RuleReference', {
  rule: text('Such as `v8 4.3.5`; see docs/rules.md.'),
  text: text('What the rule tests and what follows; empty where it is not known.'),
  url: text('The page of the specification; empty where there is none.'),
})
export type RuleReference = z.infer<typeof RuleReference>

/** What became of an event when it was evaluated. */
export const StoredVerdict = struct('inspection.StoredVerdict', {
  verdict: oneOf(['accepted', 'soft-failed', 'rejected-by-auth-events', 'rejected-by-state', 'outlier']),
  rule: orNull(RuleReference, 'The rule that decided a verdict other than `accepted` and `outlier`.'),
  reason: text('A sentence with the values that were compared; empty for `accepted` and `outlier`.'),
})
export type StoredVerdict = z.infer<typeof StoredVerdict>

/** A step of the authorization rules on the way to a verdict. */
export const RuleStep = struct('inspection.RuleStep', {
  rule: text(),
  text: text(),
  outcome: oneOf(['passed over', 'entered', 'decided']),
})
export type RuleStep = z.infer<typeof RuleStep>

/** What an entry of a state says about an event. */
export const StateReading = struct('inspection.StateReading', {
  type: text(),
  state_key: text(),
  event_id: text('The event that holds the entry; empty: the state has none, and defaults count.'),
  says: text('Such as `the membership of @alice:example.org is join`.'),
})
export type StateReading = z.infer<typeof StateReading>

/** The authorization rules applied to an event at one state, step by step. */
export const AuthCheck = struct('inspection.AuthCheck', {
  against: oneOf(['auth-events', 'state-before', 'current-state', 'chosen-state']),
  is_allowed: bool(),
  rule: RuleReference,
  reason: text('Why not; empty where it is allowed.'),
  steps: emptyList(RuleStep, 'The steps up to the one that decided.'),
  readings: emptyList(StateReading, 'What the state says.'),
})
export type AuthCheck = z.infer<typeof AuthCheck>

/** A signature of an event. */
export const EventSignature = struct('inspection.EventSignature', {
  server: text(),
  key_id: text(),
  is_required: bool('Whether the event needs a signature of this server.'),
})
export type EventSignature = z.infer<typeof EventSignature>

/** A change of one entry of a state. */
export const StateChange = struct('inspection.StateChange', {
  type: text(),
  state_key: text(),
  from: orNull(EventSummary, '`null`: there was none.'),
  to: orNull(EventSummary, '`null`: there is none any more.'),
})
export type StateChange = z.infer<typeof StateChange>

/** Body of a request of `event`. */
export const InspectEventRequest = struct('inspection.EventRequest', { event_id: text() })
export type InspectEventRequest = z.infer<typeof InspectEventRequest>

/** Answer of `event`: everything that is known of one event. */
export const InspectEventResponse = struct('inspection.EventResponse', {
  room_id: text(),
  room_version: text(),
  event: EventSummary,
  pdu: text('The event in the federation format, as it is stored. Foreign text.'),
  event_id_matches: bool('Whether the ID is the one that its content gives (room versions 3 and later).'),
  content: oneOf(
    ['whole', 'redacted', 'changed'],
    'Whether it is as its sender hashed it, what a redaction leaves of it, or was changed.',
  ),
  signatures: emptyList(EventSignature),
  missing_signatures: emptyList(text(), 'Servers whose signature the event needs and does not have.'),
  prev: emptyList(EventSummary),
  auth: emptyList(EventSummary),
  successors: emptyList(EventSummary, 'Events that have it as a prev event.'),
  all_successors: bool('False: others may have it as a prev event, that arrived much later or earlier.'),
  verdict: StoredVerdict,
  checks: emptyList(AuthCheck, 'The rules applied again, against what the server has now.'),
  has_state: bool('False: the state before it is not known.'),
  has_remote_state: bool('Whether the state before it is one that other servers supplied.'),
  changes: emptyList(StateChange, 'The state after it against the state before it.'),
  redacted_by: orNull(EventSummary),
})
export type InspectEventResponse = z.infer<typeof InspectEventResponse>

/** Body of a request of `events`. */
export const InspectEventsRequest = struct('inspection.EventsRequest', {
  room_id: text(),
  search: text('Part of an event ID, a sender or a type; empty: any.'),
  type: text('Empty: any.'),
  sender: text('Empty: any.'),
  status: text('As in a summary, or several with commas between them; empty: any.'),
  cursor: text('`next` of the page before; empty: from the latest.'),
  limit: int('At most 500; 0: 100.'),
})
export type InspectEventsRequest = z.infer<typeof InspectEventsRequest>

/** Answer of `events`: events of a room that match, the latest arrival first. */
export const InspectEventsResponse = struct('inspection.EventsResponse', {
  events: emptyList(EventSummary),
  next: text('Where the next page begins; empty: this was the last. A page may be empty and not the last.'),
})
export type InspectEventsResponse = z.infer<typeof InspectEventsResponse>

/** Body of a request of `graph`. */
export const InspectGraphRequest = struct('inspection.GraphRequest', {
  room_id: text(),
  from: emptyList(
    text(),
    'Events to start from: the `next` of the page before. None: the forward extremities.',
  ),
  direction: text('`back` over prev events, or `around` the events both ways; empty: `back`.'),
  limit: int('How many events at the most: at most 1,000; 0: 200.'),
})
export type InspectGraphRequest = z.infer<typeof InspectGraphRequest>

/** Answer of `graph`: a part of the event graph, the greatest depth first. */
export const InspectGraphResponse = struct('inspection.GraphResponse', {
  events: emptyList(
    EventSummary,
    'Missing events that they refer to are among them. An event may come again on a later page where its sender gave it a false depth.',
  ),
  next: emptyList(text(), 'Where the next page begins; none: this was the last.'),
})
export type InspectGraphResponse = z.infer<typeof InspectGraphResponse>

/** Body of a request of `exportRoom`. */
export const ExportRoomRequest = struct('inspection.ExportRoomRequest', {
  room_id: text(),
  cursor: cursorFromFirst(),
  limit: int('At most 1,000; 0: 500. A page ends earlier after 4 MiB.'),
})
export type ExportRoomRequest = z.infer<typeof ExportRoomRequest>

/** An event as it is exported. */
export const ExportedEvent = struct('inspection.ExportedEvent', {
  event_id: text(),
  pdu: text('The event in the federation format.'),
})
export type ExportedEvent = z.infer<typeof ExportedEvent>

/** Answer of `exportRoom`: stored events of a room, auth chains included, in the order in which they arrived. */
export const ExportRoomResponse = struct('inspection.ExportRoomResponse', {
  room_version: text(),
  events: emptyList(ExportedEvent),
  next: text('Where the next page begins, also much later; empty: this was the last.'),
})
export type ExportRoomResponse = z.infer<typeof ExportRoomResponse>

/** A change of an event that `whatIf` tries, or an event that does not exist. */
export const WhatIfRequest = struct('inspection.WhatIfRequest', {
  room_id: text(),
  pdu: text(
    'An event as JSON; only `type`, `sender`, `content`, `state_key` and `redacts` are read. Empty: that of `event_id`.',
  ),
  event_id: text('A stored event to start from; empty: none.'),
  at: text('The event at whose state it is tried; empty: the current state.'),
  side: text('`before` or `after` that event; empty: `after`.'),
})
export type WhatIfRequest = z.infer<typeof WhatIfRequest>

/** Answer of `whatIf`. */
export const WhatIfResponse = struct('inspection.WhatIfResponse', {
  check: AuthCheck,
  auth_events: emptyList(EventSummary, 'The auth events that it would have.'),
  answer: emptyList(text(), 'The same in sentences.'),
})
export type WhatIfResponse = z.infer<typeof WhatIfResponse>

/** Questions about events. */
export const eventInspectionEndpoints = {
  /** Gives everything that is known of an event. */
  event: repeatable({
    path: '/inspect/v1/event',
    request: InspectEventRequest,
    response: InspectEventResponse,
    summary: 'Gives everything that is known of an event.',
  }),
  /** Finds events of a room. */
  events: repeatable({
    path: '/inspect/v1/events',
    request: InspectEventsRequest,
    response: InspectEventsResponse,
    summary: 'Finds events of a room.',
  }),
  /** Gives a part of the event graph of a room. */
  graph: repeatable({
    path: '/inspect/v1/graph',
    request: InspectGraphRequest,
    response: InspectGraphResponse,
    summary: 'Gives a part of the event graph of a room.',
    maxBodyBytes: 4 * 1024 * 1024,
  }),
  /** Gives the stored events of a room, a page at a time. */
  exportRoom: repeatable({
    path: '/inspect/v1/exportRoom',
    request: ExportRoomRequest,
    response: ExportRoomResponse,
    summary: 'Gives the stored events of a room, a page at a time.',
  }),
  /** Tells whether an event would be allowed at a state, and why not. */
  whatIf: repeatable({
    path: '/inspect/v1/whatIf',
    request: WhatIfRequest,
    response: WhatIfResponse,
    summary: 'Tells whether an event would be allowed at a state, and why not.',
    maxBodyBytes: 512 * 1024,
  }),
}
