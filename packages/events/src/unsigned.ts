import type { JsonObject } from '@roomserver/types'
import { canonicalJson } from './json/canonical-json.ts'
import { withMember } from './json/members.ts'
import type { Pdu } from './pdu.ts'
import { trustedPdu } from './raw-event.ts'

/**
 * The event with other `unsigned` data: what servers tell each other beside an event, covered by no hash and no
 * signature. Its ID stays the same.
 */
export function withUnsigned(event: Pdu, unsigned: JsonObject): Pdu {
  const json = withMember(event.json, 'unsigned', canonicalJson(unsigned, 'lenient'))
  return trustedPdu(json, event.eventId, event.rules)
}
