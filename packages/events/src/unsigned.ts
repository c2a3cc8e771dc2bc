import type { JsonObject } from '@roomserver/types'
import { canonicalJson } from './canonical-json.ts'
import { mapMembers, memberText } from './members.ts'
import type { Pdu } from './pdu.ts'
import { eventMembers, trustedPdu } from './raw-event.ts'

/**
 * The event with other `unsigned` data: what servers tell each other beside an event, covered by no hash and no
 * signature. Its ID stays the same.
 */
export function withUnsigned(event: Pdu, unsigned: JsonObject): Pdu {
  const members = eventMembers(event.json)
  const value = canonicalJson(unsigned, 'lenient')
  const replaced =
    memberText(members, 'unsigned') === undefined
      ? eventMembers(`${members.text.slice(0, -1)},"unsigned":${value}}`).text
      : mapMembers(members, (name, old) => (name === 'unsigned' ? value : old))
  return trustedPdu(replaced, event.eventId, event.rules)
}
