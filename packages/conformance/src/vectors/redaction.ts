import { canonicalizeJson, eventIdOf, redactJson } from '@roomserver/events'
import { difference, jsonText, readRow } from './row.ts'

/** Checks a row of redaction.jsonl; `undefined` when it holds, else a sentence about the difference. */
export function checkRedaction(row: unknown): string | undefined {
  const { member, rules, expected } = readRow(row)
  const event = jsonText(member('event'))
  const redacted = redactJson(event, rules())
  const wanted = canonicalizeJson(jsonText(expected('event')), 'lenient')
  return (
    difference('the redacted event', redacted, wanted.ok ? wanted.text : wanted.reason) ??
    difference('the ID after redaction', eventIdOf(redacted, rules()), eventIdOf(event, rules())) ??
    difference('the event redacted twice', redactJson(redacted, rules()), redacted)
  )
}
