import { checkRedaction } from '@roomserver/auth'
import { authContentLost, type Pdu, redactJson, withoutHeader } from '@roomserver/events'
import { type Suspendable, type EventRecord, NO_NID, type RedactionRecord } from '@roomserver/types'
import { eventsOf, eventWithId } from '../view/reads.ts'
import { authStateAt } from '../evaluate/auth-state.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'

/** An event that was redacted, and the redaction: to be announced after the event that brought it about. */
export interface Redacted {
  readonly event: EventRecord
  readonly because: EventRecord
}

/**
 * Redacts what is to be redacted now that an event is here: the event that it redacts, if it is a redaction, and the
 * event itself, if its redaction came first. A redaction counts once both are here, it was accepted, and its sender
 * had the right to redact by the state before it.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v11/#handling-redactions
 */
export function* applyRedactions(
  draft: Draft,
  record: EventRecord,
): Suspendable<DecideNeed, readonly Redacted[]> {
  const pdu = draft.view.pduOf(record, draft.rules)
  const isEffective = isRedaction(pdu) && record.verdict === 'accepted'
  const other = isEffective ? yield* redact(draft, record, pdu.redacts) : undefined
  const itself = yield* redactByEarlier(draft, record)
  return [other, itself].filter((redacted) => redacted !== undefined)
}

/** Consumers hear of a redaction when they may have seen what was redacted. */
export function announceRedacted(draft: Draft, { event, because }: Redacted): void {
  if (event.verdict !== 'accepted' && event.verdict !== 'outlier') return
  draft.addOutput('redacted_event', because.nid, { RedactedEventID: event.eventId })
}

function isRedaction(pdu: Pdu): pdu is Pdu & { readonly redacts: string } {
  const { type, stateKey, redacts, eventId } = pdu
  return type === 'm.room.redaction' && stateKey === undefined && redacts !== undefined && redacts !== eventId
}

function* redact(
  draft: Draft,
  redaction: EventRecord,
  redacts: string,
): Suspendable<DecideNeed, Redacted | undefined> {
  const others = yield* redactionsOf(draft, redacts)
  const target = yield* eventWithId(draft.view, redacts)
  if (target?.redactedBy === redaction.nid) return undefined
  const applied = target !== null && (yield* isValid(draft, redaction, target))
  const row = { redaction: redaction.nid, roomNid: draft.read.nid, redacts, applied }
  draft.setRedaction(row)
  draft.reads.setRedactionsOf(redacts, [...others, row])
  return applied ? put(draft, target, redaction) : undefined
}

function* redactByEarlier(draft: Draft, record: EventRecord): Suspendable<DecideNeed, Redacted | undefined> {
  const rows = yield* redactionsOf(draft, record.eventId)
  if (rows.length === 0) return undefined
  const redactions = yield* eventsOf(
    draft.view,
    rows.map((row) => row.redaction),
  )
  for (const [index, redaction] of redactions.entries()) {
    const row = rows[index]
    if (row === undefined || record.redactedBy !== NO_NID) continue
    // One that was applied was found valid before what it redacts was purged with the history of the room.
    if (!row.applied && !(yield* isValid(draft, redaction, record))) continue
    draft.setRedaction({ ...row, applied: true })
    return put(draft, record, redaction)
  }
  return undefined
}

function* isValid(
  draft: Draft,
  redaction: EventRecord,
  target: EventRecord,
): Suspendable<DecideNeed, boolean> {
  if (redaction.verdict !== 'accepted' || redaction.before === NO_NID) return false
  if (target.roomNid !== draft.read.nid || target.redactedBy !== NO_NID) return false
  const pdu = draft.view.authPduOf(redaction, draft.rules)
  const state = yield* authStateAt(draft, redaction.before, pdu)
  const { rules, eventId, roomId, type, sender } = pdu
  // A redaction that was redacted itself may not say any more what it redacts; it was noted when it came.
  const asItCame = { rules, eventId, roomId, type, sender, redacts: target.eventId }
  return checkRedaction(asItCame, draft.view.pduOf(target, draft.rules), state).allowed
}

function* redactionsOf(draft: Draft, id: string): Suspendable<DecideNeed, readonly RedactionRecord[]> {
  if (draft.reads.redactionsOf(id) === undefined) yield { kind: 'redactions-of', ids: [id] }
  return draft.reads.redactionsOf(id) ?? []
}

/** The redacted event, with the redaction in its `unsigned`, as clients are shown it. */
function put(draft: Draft, target: EventRecord, because: EventRecord): Redacted {
  const redacted = redactJson(target.json, draft.rules)
  const unsigned = `{"redacted_because":${withoutHeader(because.json)},"redacted_by":${JSON.stringify(because.eventId)}}`
  const json = `${redacted.slice(0, -1)},"unsigned":${unsigned}}`
  const authContent = authContentLost(target.json, draft.rules)
  return { event: draft.updateEvent(target, { json, authContent, redactedBy: because.nid }), because }
}
