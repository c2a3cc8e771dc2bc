import type { Pdu } from './pdu.ts'
import { memberText } from './json/members.ts'
import { eventMembers } from './event-members.ts'

/**
 * Compares when two events say that they were made, exactly: the versions before 6 let authors write integers that no
 * double holds, and other servers compare them as they are written.
 */
export function compareOriginServerTs(a: Pdu, b: Pdu): number {
  if (a.originServerTs !== b.originServerTs) return a.originServerTs < b.originServerTs ? -1 : 1
  return Number.isSafeInteger(a.originServerTs) ? 0 : compareIntegers(writtenTs(a), writtenTs(b))
}

/** Read from the event's text once: a resolution compares the same events many times. */
const written = new WeakMap<Pdu, string>()

function writtenTs(event: Pdu): string {
  const known = written.get(event)
  if (known !== undefined) return known
  const text = memberText(eventMembers(event.json), 'origin_server_ts') ?? '0'
  written.set(event, text)
  return text
}

/** Compares two integers of the same sign, digit by digit: their text has no zeros at its start. */
function compareIntegers(a: string, b: string): number {
  if (a === b) return 0
  const greater = a.length === b.length ? a > b : a.length > b.length
  return greater === a.startsWith('-') ? -1 : 1
}
