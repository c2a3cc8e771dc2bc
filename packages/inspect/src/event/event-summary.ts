import type { EventStatus, EventSummary } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { EventId, EventRecord, Verdict } from '@roomserver/types'
import { contentSummary } from './content-summary.ts'

/** How an event with a verdict stands. */
export function statusOf(verdict: Verdict): Exclude<EventStatus, 'missing'> {
  return verdict === 'rejected-by-auth-events' || verdict === 'rejected-by-state' ? 'rejected' : verdict
}

/** What a summary tells of an event beside what it says itself. */
export interface SummaryFacts {
  readonly status: EventStatus
  readonly isRedacted: boolean
  readonly isExtremity: boolean
}

/** An event in a few words. */
export function eventSummary(pdu: Pdu, { status, isRedacted, isExtremity }: SummaryFacts): EventSummary {
  return {
    event_id: pdu.eventId,
    type: pdu.type,
    state_key: pdu.stateKey ?? null,
    sender: pdu.sender,
    origin_server_ts: exact(pdu.originServerTs),
    depth: exact(pdu.depth),
    prev_events: pdu.prevEvents,
    auth_events: pdu.authEvents,
    status,
    is_redacted: isRedacted,
    is_extremity: isExtremity,
    says: contentSummary(pdu),
  }
}

/** An event that others refer to and nobody has. */
export function missingEvent(eventId: EventId): EventSummary {
  return {
    event_id: eventId,
    type: '',
    state_key: null,
    sender: '',
    origin_server_ts: 0,
    depth: 0,
    prev_events: [],
    auth_events: [],
    status: 'missing',
    is_redacted: false,
    is_extremity: false,
    says: '',
  }
}

/** What a summary tells of a stored event. */
export function factsOf(
  { nid, redactedBy, verdict }: Pick<EventRecord, 'nid' | 'redactedBy' | 'verdict'>,
  extremities: ReadonlySet<number>,
): SummaryFacts {
  return { status: statusOf(verdict), isRedacted: redactedBy !== 0, isExtremity: extremities.has(nid) }
}

/** A number of an event, which old room versions let authors choose freely, within what a JSON integer holds exactly. */
function exact(value: number): number {
  const whole = Math.trunc(value)
  return Math.min(Math.max(whole, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}
