import { contentState } from '@roomserver/events'
import { type Suspendable, type EventRecord, NO_NID } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import {
  type EventReferences,
  isLevelAbove,
  isLinkedTo,
  isUnevaluated,
} from '../evaluate/event-references.ts'
import { eventOf } from '../view/reads.ts'

/**
 * Compares what an event is linked to with what it refers to, and its text with its content hash. What else is stored of an
 * event and stands in its text, the store's own check compares.
 *
 * @returns what differs, in words that follow the event's ID
 */
export function* auditRecord(
  draft: Draft,
  record: EventRecord,
  references: Pick<EventReferences, 'links'>,
): Suspendable<DecideNeed, readonly string[]> {
  return [
    ...wrongLinks(draft, record, references),
    ...wrongText(draft, record),
    ...(yield* wrongRedaction(draft, record)),
  ]
}

function wrongLinks(
  draft: Draft,
  record: EventRecord,
  { links }: Pick<EventReferences, 'links'>,
): readonly string[] {
  if (isUnevaluated(record, draft.view.authPduOf(record, draft.rules))) return []
  if (!isLinkedTo(record, links)) return ['has references to other events than its auth events in this room']
  return isLevelAbove(record, links) ? [] : ['is stored before one of its auth events']
}

function wrongText(draft: Draft, { json, redactedBy }: EventRecord): readonly string[] {
  const state = contentState(json, draft.rules)
  if (state === 'changed') return ['does not match its content hash']
  return state === 'whole' && redactedBy !== NO_NID ? ['was redacted, but still has its content'] : []
}

/** A redaction that was applied stays applied. */
function* wrongRedaction(draft: Draft, record: EventRecord): Suspendable<DecideNeed, readonly string[]> {
  const { eventId, redactedBy } = record
  if (draft.reads.redactionsOf(eventId) === undefined) yield { kind: 'redactions-of', ids: [eventId] }
  const rows = draft.reads.redactionsOf(eventId) ?? []
  if (redactedBy !== NO_NID) {
    const redaction = yield* eventOf(draft.view, redactedBy)
    return draft.view.pduOf(redaction, draft.rules).type === 'm.room.redaction'
      ? []
      : [`was redacted by ${redaction.eventId}, which is not a redaction`]
  }
  const [applied] = rows.filter((row) => row.applied)
  if (applied === undefined) return []
  const by = yield* eventOf(draft.view, applied.redaction)
  return [`was redacted by ${by.eventId}, but is stored as not redacted`]
}
