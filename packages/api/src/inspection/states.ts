import type { z } from 'zod'
import { repeatable } from '../endpoint.ts'
import { bool, emptyList, int, oneOf, orNull, struct, text } from '../wire/builders.ts'
import { cursorFromFirst, nextPage } from '../wire/paging.ts'
import { EventSummary, RuleReference, StateChange } from './events.ts'

/** A state of a room: before or after one of its events, or the current one. */
export const StatePoint = struct('inspection.StatePoint', {
  event_id: text('Empty: the current state.'),
  side: text('`before` or `after` the event; empty: `after`.'),
})
export type StatePoint = z.infer<typeof StatePoint>

/** Body of a request of `state`. */
export const InspectStateRequest = struct('inspection.StateRequest', {
  room_id: text(),
  at: StatePoint,
  type: text('Only entries of this event type; empty: of all.'),
  cursor: cursorFromFirst(),
  limit: int('At most 1,000; 0: 200.'),
})
export type InspectStateRequest = z.infer<typeof InspectStateRequest>

/** Answer of `state`. */
export const InspectStateResponse = struct('inspection.StateResponse', {
  entries: emptyList(EventSummary, 'Event types in the order in which the server met them.'),
  total: int('Entries of the whole state, of all types.'),
  next: nextPage(),
})
export type InspectStateResponse = z.infer<typeof InspectStateResponse>

/** Body of a request of `diff`. */
export const InspectDiffRequest = struct('inspection.DiffRequest', {
  room_id: text(),
  from: StatePoint,
  to: StatePoint,
  limit: int('At most 1,000; 0: 200.'),
})
export type InspectDiffRequest = z.infer<typeof InspectDiffRequest>

/** Answer of `diff`. */
export const InspectDiffResponse = struct('inspection.DiffResponse', {
  changes: emptyList(StateChange, 'What makes the second state out of the first.'),
  total: int('How many there are.'),
})
export type InspectDiffResponse = z.infer<typeof InspectDiffResponse>

/** A change of the current state of a room, and what brought it about. */
export const JournalEntry = struct('inspection.JournalEntry', {
  revision: int('The change of the room that it was part of; later ones have greater numbers.'),
  type: text(),
  state_key: text(),
  from: orNull(EventSummary, '`null`: there was none.'),
  to: orNull(EventSummary, '`null`: there is none any more.'),
  cause: oneOf(['event', 'resolution', 'rewrite', 'repair']),
  cause_event: orNull(EventSummary, 'The event that brought it about; `null` for a repair.'),
  conflicted: emptyList(text(), 'Of a resolution, the events on which the branches differed; at most 100.'),
  repaired_by: text('Who repaired it; empty where nobody did.'),
  is_reset: bool('Whether the entry fell back to an older event or to none: a state reset.'),
  says: text('The change in a sentence.'),
})
export type JournalEntry = z.infer<typeof JournalEntry>

/** Body of a request of `journal`. */
export const InspectJournalRequest = struct('inspection.JournalRequest', {
  room_id: text(),
  resets_only: bool('Only state resets.'),
  type: text('Only entries of this type and `state_key`; empty: all.'),
  state_key: text(),
  cursor: text('`next` of the page before; empty: from the latest.'),
  limit: int('At most 500; 0: 100.'),
})
export type InspectJournalRequest = z.infer<typeof InspectJournalRequest>

/** Answer of `journal`. */
export const InspectJournalResponse = struct('inspection.JournalResponse', {
  entries: emptyList(JournalEntry, 'The latest first.'),
  next: text('Where the next page begins; empty: this was the last. A page may be empty and not the last.'),
})
export type InspectJournalResponse = z.infer<typeof InspectJournalResponse>

/** An event that set, or was to set, an entry of the state. */
export const HistoryEntry = struct('inspection.HistoryEntry', {
  event: EventSummary,
  outcome: oneOf(['current', 'replaced', 'lost', 'rejected', 'soft-failed', 'outlier']),
  came: orNull(
    JournalEntry,
    'How it got into the current state; `null`: it never did, or the journal has it no more.',
  ),
  went: orNull(JournalEntry, 'How it was replaced; `null`: it was not.'),
  why: text('In a sentence, with rule and reason where there are any.'),
})
export type HistoryEntry = z.infer<typeof HistoryEntry>

/** Body of a request of `history`. */
export const InspectHistoryRequest = struct('inspection.HistoryRequest', {
  room_id: text(),
  type: text(),
  state_key: text(),
  cursor: text('`next` of the page before; empty: from the latest.'),
  limit: int('At most 200; 0: 50.'),
})
export type InspectHistoryRequest = z.infer<typeof InspectHistoryRequest>

/** Answer of `history`. */
export const InspectHistoryResponse = struct('inspection.HistoryResponse', {
  entries: emptyList(HistoryEntry, 'The latest arrival first.'),
  next: text('Where the next page begins; empty: this was the last. A page may be empty and not the last.'),
})
export type InspectHistoryResponse = z.infer<typeof InspectHistoryResponse>

/** A state that took part in a resolution. */
export const StateSet = struct('inspection.StateSet', {
  after: emptyList(text(), 'The events after which the room had this state.'),
  entries: int(),
})
export type StateSet = z.infer<typeof StateSet>

/** An entry on which the state sets differ. */
export const ResolvedConflict = struct('inspection.ResolvedConflict', {
  type: text(),
  state_key: text(),
  candidates: emptyList(text(), 'The event in each state set, in their order; empty: it has none.'),
  winner: text('Empty: none.'),
  why: text('In a sentence.'),
})
export type ResolvedConflict = z.infer<typeof ResolvedConflict>

/** An entry of the state that a check looked at. */
export const CheckedAgainst = struct('inspection.CheckedAgainst', {
  type: text(),
  state_key: text(),
  event_id: text('Empty: there was none.'),
})
export type CheckedAgainst = z.infer<typeof CheckedAgainst>

/** An event that was checked during a resolution, in the order of the algorithm. */
export const ResolutionCheck = struct('inspection.ResolutionCheck', {
  step: oneOf(['power', 'mainline', 'power-levels', 'join-rules', 'members', 'others']),
  event_id: text(),
  is_allowed: bool(),
  was_rejected: bool('It was rejected when it was received: it does not get into the state, allowed or not.'),
  rule: RuleReference,
  reason: text('Why not; empty where it is allowed.'),
  against: emptyList(CheckedAgainst),
  mainline_position: int(
    'In the step `mainline`: 0 for the newest power levels, 1 for those before …; -1: none.',
  ),
})
export type ResolutionCheck = z.infer<typeof ResolutionCheck>

/** What the result of a resolution has other than one of the state sets. */
export const ResolutionChange = struct('inspection.ResolutionChange', {
  state_set: int('Its place among the state sets, from 0.'),
  type: text(),
  state_key: text(),
  from: text('Empty: none.'),
  to: text('Empty: none.'),
})
export type ResolutionChange = z.infer<typeof ResolutionChange>

/** Body of a request of `resolution`. */
export const InspectResolutionRequest = struct('inspection.ResolutionRequest', {
  room_id: text(),
  at: text('An event; empty: the current state, from the forward extremities.'),
  moment: text(
    '`before`: the state before the event, from those after its prev events. `arrival`: the current state that it brought about when it arrived, from the forward extremities of then. Empty: `before`.',
  ),
})
export type InspectResolutionRequest = z.infer<typeof InspectResolutionRequest>

/** Answer of `resolution`: a resolution done again, with everything that was decided on the way. */
export const InspectResolutionResponse = struct('inspection.ResolutionResponse', {
  algorithm: text('`v1`, `v2` or `v2.1`.'),
  is_needed: bool('False: the branches agree, and there is nothing to resolve.'),
  state_sets: emptyList(StateSet),
  unconflicted: int('Entries on which all state sets agree.'),
  conflicts: emptyList(ResolvedConflict),
  auth_difference: emptyList(text(), 'Events in the auth chain of some state set and not of all.'),
  subgraph: emptyList(text(), 'The conflicted state subgraph (v2.1).'),
  power_events: emptyList(text(), 'In reverse topological power ordering.'),
  mainline: emptyList(text(), 'Power levels events, the newest first.'),
  checks: emptyList(ResolutionCheck),
  changes: emptyList(ResolutionChange),
  events: emptyList(EventSummary, 'The events that all of this refers to.'),
  is_shortened: bool('Whether lists were cut to 1,000 elements.'),
})
export type InspectResolutionResponse = z.infer<typeof InspectResolutionResponse>

/** A link of an explanation. */
export const ExplanationLink = struct('inspection.ExplanationLink', { text: text(), url: text() })
export type ExplanationLink = z.infer<typeof ExplanationLink>

/** Body of a request of `explain`. */
export const ExplainRequest = struct('inspection.ExplainRequest', {
  room_id: text('Empty: that of the event.'),
  event_id: text('The event to explain; empty: the room, or one entry of its state.'),
  type: text('The entry of the current state to explain; empty: none.'),
  state_key: text(),
})
export type ExplainRequest = z.infer<typeof ExplainRequest>

/** Answer of `explain`, in sentences. Foreign names stand in them: show them escaped. */
export const ExplainResponse = struct('inspection.ExplainResponse', {
  question: text('Such as `Why was $event rejected?`.'),
  answer: text('In one sentence.'),
  happened: emptyList(text(), 'What happened, in order; a paragraph each.'),
  rule: orNull(RuleReference, 'The rule that decided; `null`: none did.'),
  needed: emptyList(text(), 'What would have had to be different.'),
  links: emptyList(ExplanationLink),
  events: emptyList(EventSummary, 'The events that it is about.'),
})
export type ExplainResponse = z.infer<typeof ExplainResponse>

/** Questions about the state of rooms. */
export const stateInspectionEndpoints = {
  /** Gives the state of a room at any event. */
  state: repeatable({
    path: '/inspect/v1/state',
    request: InspectStateRequest,
    response: InspectStateResponse,
    summary: 'Gives the state of a room at any event.',
  }),
  /** Compares two states of a room. */
  diff: repeatable({
    path: '/inspect/v1/diff',
    request: InspectDiffRequest,
    response: InspectDiffResponse,
    summary: 'Compares two states of a room.',
  }),
  /** Tells who set an entry of the state when, and which settings lost. */
  history: repeatable({
    path: '/inspect/v1/history',
    request: InspectHistoryRequest,
    response: InspectHistoryResponse,
    summary: 'Tells who set an entry of the state when, and which settings lost.',
  }),
  /** Lists the changes of the current state of a room with their causes. */
  journal: repeatable({
    path: '/inspect/v1/journal',
    request: InspectJournalRequest,
    response: InspectJournalResponse,
    summary: 'Lists the changes of the current state of a room with their causes.',
  }),
  /** Does a state resolution again and tells how it came out. */
  resolution: repeatable({
    path: '/inspect/v1/resolution',
    request: InspectResolutionRequest,
    response: InspectResolutionResponse,
    summary: 'Does a state resolution again and tells how it came out.',
    timeoutMs: 120_000,
  }),
  /** Explains an event, a room, or an entry of its state. */
  explain: repeatable({
    path: '/inspect/v1/explain',
    request: ExplainRequest,
    response: ExplainResponse,
    summary: 'Explains an event, a room, or an entry of its state.',
    timeoutMs: 120_000,
  }),
}
