import type { AuthCheck, EventSummary, ExplainResponse } from '@roomserver/api'
import type { EventId, Suspendable } from '@roomserver/types'
import { detailsOf, type EventDetails } from '../answers/inspect-event.ts'
import { inspectHistory } from '../answers/inspect-history.ts'
import type { InspectionSource } from '../read/inspection-source.ts'
import type { RecordNeed } from '../read/record-reader.ts'
import { authStateAt } from '../read/records.ts'
import { authPduOf, eventIn, roomView } from '../read/room-view.ts'
import { neededFor } from './needed.ts'
import { counted, entryName, eventName, listed, timeOf } from './wording.ts'

const SPECIFICATION = 'https://spec.matrix.org/v1.19/server-server-api'

/**
 * Explains what became of an event, and why.
 *
 * @throws {RoomserverError} EVENT_NOT_FOUND
 */
export async function explainEvent(source: InspectionSource, eventId: EventId): Promise<ExplainResponse> {
  const details = await detailsOf(source, eventId)
  const decided = decidingCheck(details)
  const after = details.verdict.verdict === 'accepted' ? await inEffect(source, details) : []
  return {
    question: questionOf(details),
    answer: answerOf(details),
    happened: [sent(details), ...checked(decided), ...after, ...consequence(details), ...now(details)],
    rule: details.verdict.rule,
    needed: decided === undefined || decided.is_allowed ? [] : await needed(source, details),
    links: linksOf(details),
    events: eventsOf(details, decided),
  }
}

const CHECK_OF: Readonly<Record<string, AuthCheck['against']>> = {
  'rejected-by-auth-events': 'auth-events',
  'rejected-by-state': 'state-before',
  'soft-failed': 'current-state',
}

/** The check that a verdict rests on. */
function decidingCheck({ checks, verdict }: EventDetails): AuthCheck | undefined {
  return checks.find(({ against }) => against === (CHECK_OF[verdict.verdict] ?? 'state-before'))
}

function questionOf({ event, verdict }: EventDetails): string {
  switch (verdict.verdict) {
    case 'rejected-by-auth-events':
    case 'rejected-by-state':
      return `Why was ${event.event_id} rejected?`
    case 'soft-failed':
      return `Why was ${event.event_id} soft-failed?`
    case 'outlier':
      return `Why is ${event.event_id} an outlier?`
    case 'accepted':
      return `What became of ${event.event_id}?`
  }
}

function answerOf({ verdict: { reason, verdict } }: EventDetails): string {
  switch (verdict) {
    case 'rejected-by-auth-events':
      return `The events that it names as its auth events do not allow it: ${reason}.`
    case 'rejected-by-state':
      return `The state of the room before it does not allow it: ${reason}.`
    case 'soft-failed':
      return `It is allowed at its place in the event graph, but the current state of the room did not allow it when it arrived: ${reason}.`
    case 'outlier':
      return 'This server has it because another event refers to it, and does not know the state of the room before it.'
    case 'accepted':
      return 'It was accepted: its auth events, the state before it and the current state of the room allow it.'
  }
}

function sent({ event, prev }: EventDetails): string {
  const missing = prev.filter(({ status }) => status === 'missing').length
  const gap = missing === 0 ? '' : `, of which ${missing === 1 ? 'one is' : `${missing} are`} missing here`
  const what =
    event.state_key === null ? `an event of type ${event.type}` : entryName(event.type, event.state_key)
  const says = event.says === '' ? '' : ` (${event.says})`
  const verb = event.state_key === null ? 'sent' : 'set'
  return `${event.sender} ${verb} ${what}${says} at ${timeOf(event.origin_server_ts)} by their server's clock. The event builds on ${counted(prev.length, 'prev event')}${gap}.`
}

const AGAINST: Readonly<Record<AuthCheck['against'], string>> = {
  'auth-events': 'the events that it names as its auth events',
  'state-before': 'the state of the room before it',
  'current-state': 'the current state of the room',
  'chosen-state': 'the chosen state',
}

/** What the rules saw. */
function checked(check: AuthCheck | undefined): readonly string[] {
  if (check === undefined) return []
  const { against, is_allowed: isAllowed, readings, reason, rule } = check
  const seen = readings.map(({ says, type }) => (type === 'm.room.create' ? `the room was ${says}` : says))
  const state = seen.length === 0 ? '' : ` There, ${listed(seen)}.`
  const verdict = isAllowed ? 'allows it' : `does not allow it: ${reason}`
  return [
    `This server applied the authorization rules against ${AGAINST[against]}.${state} Rule ${rule.rule} ${verdict}.`,
  ]
}

function consequence({ verdict: { verdict } }: EventDetails): readonly string[] {
  switch (verdict) {
    case 'rejected-by-auth-events':
    case 'rejected-by-state':
      return [
        'A rejected event changes nothing: it is in no state of the room, users are not shown it, and events that name it as an auth event are rejected, too. Servers that know the same events come to the same verdict.',
      ]
    case 'soft-failed':
      return [
        'A soft-failed event stays in the event graph and is not announced to users. It takes effect only if later events of others build on it.',
      ]
    case 'outlier':
      return ['An outlier is in no state of the room. It serves as an auth event of others.']
    case 'accepted':
      return []
  }
}

/** Whether an event that was not accepted would be allowed by what the room is now. */
function now({ checks, verdict: { verdict } }: EventDetails): readonly string[] {
  const check = checks.find(({ against }) => against === 'current-state')
  if (check === undefined || verdict === 'accepted') return []
  return [
    check.is_allowed
      ? 'The current state of the room would allow such an event: it can be sent again.'
      : `The current state of the room does not allow it either: ${check.reason}.`,
  ]
}

/** What became of an accepted state event in the current state. */
async function inEffect(
  source: InspectionSource,
  { event, room_id: roomId }: EventDetails,
): Promise<readonly string[]> {
  if (event.state_key === null) return event.is_redacted ? ['It was redacted since.'] : []
  const history = await inspectHistory(source, {
    room_id: roomId,
    type: event.type,
    state_key: event.state_key,
    cursor: '',
    limit: 200,
  })
  const own = history.entries.find((entry) => entry.event.event_id === event.event_id)
  const current = history.entries.find(({ outcome }) => outcome === 'current')
  if (own === undefined) return []
  if (own.outcome === 'current') return [`It is in effect: ${own.why}`]
  const instead =
    current === undefined ? 'Nothing is in effect now.' : `In effect now is ${eventName(current.event)}.`
  return [`It is not in effect. ${own.why} ${instead}`]
}

async function needed(source: InspectionSource, details: EventDetails): Promise<readonly string[]> {
  const { event, room_id: roomId, verdict } = details
  const view = await roomView(source.store, roomId)
  const ways = await source.read(function* (reader): Suspendable<RecordNeed, readonly string[]> {
    const record = yield* eventIn(reader, view, event.event_id)
    const pdu = authPduOf(reader, view, record)
    const snapshot = verdict.verdict === 'soft-failed' ? view.room.current : record.before
    return neededFor(pdu, yield* authStateAt(reader, view.rules, snapshot, pdu))
  })
  if (ways.length > 0) return ways.map((way) => `It would have been allowed ${way}.`)
  if (verdict.verdict === 'rejected-by-auth-events')
    return ['The server of its sender would have had to name other auth events, or none that were rejected.']
  return [
    'No other membership, power level or join rule alone would have let it pass: the event itself would have to be different.',
  ]
}

function linksOf({ verdict: { rule, verdict } }: EventDetails): ExplainResponse['links'] {
  const about =
    verdict === 'soft-failed'
      ? [{ text: 'soft failure', url: `${SPECIFICATION}/#soft-failure` }]
      : verdict.startsWith('rejected')
        ? [{ text: 'rejection', url: `${SPECIFICATION}/#rejection` }]
        : []
  return rule === null || rule.url === '' ? about : [{ text: `rule ${rule.rule}`, url: rule.url }, ...about]
}

function eventsOf(details: EventDetails, check: AuthCheck | undefined): readonly EventSummary[] {
  const read = new Set(check?.readings.map(({ event_id: id }) => id))
  return [details.event, ...details.auth.filter(({ event_id: id }) => read.has(id))]
}
