import type { RoomVersionRules } from '@roomserver/version'
import { canonicalizeJson } from './canonical-text.ts'
import { pduOf } from './event-fields.ts'
import { formatFault } from './format-rules.ts'
import { contentHashMatches, eventIdOf } from './hashes.ts'
import { MAX_TEXT_LENGTH } from './limits.ts'
import { type Members, membersOf } from './members.ts'
import type { Pdu } from './pdu.ts'
import { redactedText } from './redaction.ts'

/** An event, or the rule that it breaks. */
export type PduVerdict =
  | {
      readonly ok: true
      /** The event as it is to be used. */
      readonly pdu: Pdu
      /** `false`: somebody changed the event on its way, and `pdu` is what is certain of it, its redacted form. */
      readonly contentHashMatches: boolean
    }
  | { readonly ok: false; readonly rule: string; readonly reason: string }

/**
 * Takes an event from another server: checks its format and limits, works out its ID, and redacts it when its content
 * hash does not match. Signatures are {@link verifySignatures}' part.
 *
 * Total: whatever comes in, a verdict comes out. One pass over text that is already canonical.
 *
 * @param input - the event in the federation format; bytes are UTF-8
 * @see https://spec.matrix.org/v1.16/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export function parsePdu(input: string | Uint8Array, rules: RoomVersionRules): PduVerdict {
  const text = typeof input === 'string' ? input : decoded(input)
  if (text === undefined) return refused('json', 'the event is not UTF-8')
  if (text.length > MAX_TEXT_LENGTH) return refused('format.size', `the text has ${text.length} characters`)
  const event = eventMembers(text, rules)
  if ('reason' in event) return refused('json', event.reason)
  const fault = formatFault(event, rules)
  if (fault) return { ok: false, ...fault }
  const eventId = eventIdOf(event, rules)
  const matches = contentHashMatches(event)
  const kept = matches ? event : (membersOf(redactedText(event, rules)) ?? event)
  return { ok: true, pdu: pduOf(kept, eventId, rules), contentHashMatches: matches }
}

function eventMembers(text: string, rules: RoomVersionRules): Members | { readonly reason: string } {
  const strictness = rules.strictJson ? 'strict' : 'lenient'
  const canonical = canonicalizeJson(text, strictness)
  if (!canonical.ok) return canonical
  return membersOf(canonical.text) ?? { reason: 'the event is no JSON object' }
}

function refused(rule: string, reason: string): PduVerdict {
  return { ok: false, rule, reason }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
