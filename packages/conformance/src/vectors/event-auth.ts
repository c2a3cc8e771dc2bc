import { authStateOf, checkAuth, checkAuthEvents } from '@roomserver/auth'
import { type Pdu, trustedPdu } from '@roomserver/events'
import type { RoomVersionRules } from '@roomserver/version'
import { difference, jsonText, readRow } from './row.ts'

/** Checks a row of event-auth.jsonl: both halves and the whole; `undefined` when it holds. */
export function checkEventAuth(row: unknown): string | undefined {
  const { expected, member, rules, text } = readRow(row)
  const event = trustedPdu(jsonText(member('event')), text('eventId'), rules())
  const auth = pdusOf(member('authEvents'), member('authEventIds'), rules())
  const rejected = new Set(listOf(member('rejected') ?? []))
  const known = new Map(auth.map((pdu) => [pdu.eventId, pdu]))

  const independent = checkAuthEvents(event, {
    get: (id) => known.get(id),
    isRejected: (id) => rejected.has(id),
  })
  const dependent = checkAuth(event, authStateOf(auth))
  const refusal = [independent, dependent].find((verdict) => !verdict.allowed)
  const why = refusal?.allowed === false ? ` (${refusal.rule}: ${refusal.reason})` : ''
  const halves = [
    ['the state-independent half', independent.allowed, expected('stateIndependent')],
    ['the state-dependent half', dependent.allowed, expected('stateDependent')],
    ['the whole', refusal === undefined, expected('allowed')],
  ] as const
  for (const [half, got, wanted] of halves) {
    const differs = wanted === undefined ? undefined : difference(half, got, wanted)
    if (differs !== undefined) return `${differs}${why}`
  }
  return undefined
}

function pdusOf(events: unknown, ids: unknown, rules: RoomVersionRules): readonly Pdu[] {
  const eventIds = listOf(ids)
  return listOf(events).map((event, i) => trustedPdu(jsonText(event), String(eventIds[i]), rules))
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('a row has no list where one belongs')
  return value
}
