import { withoutMembers } from './json/members.ts'
import type { Pdu } from './pdu.ts'
import { eventMembers } from './event-members.ts'
import { checkPdu } from './text-pdu.ts'

const ADDED_BY_OTHERS: ReadonlySet<string> = new Set(['signatures', 'unsigned'])

/**
 * Whether two events are one and the same but for signatures and `unsigned`, which other servers add to. In room versions 1
 * and 2 the same ID does not say so.
 */
export function isSameEvent(a: Pdu, b: Pdu): boolean {
  checkPdu('a', a)
  checkPdu('b', b)
  return a.eventId === b.eventId && unsignedText(a) === unsignedText(b)
}

function unsignedText({ json }: Pdu): string {
  return withoutMembers(eventMembers(json), ADDED_BY_OTHERS)
}
