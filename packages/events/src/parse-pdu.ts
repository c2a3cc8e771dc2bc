import { invalidArgument, isLongerThan } from '@roomserver/types'
import { checkRules, type RoomVersionRules } from '@roomserver/version'
import { type EventFields, fieldsOf } from './event-fields.ts'
import { formatFault } from './format-rules.ts'
import { contentHashMatches, eventIdOf } from './hashes.ts'
import { type Members, membersOf } from './json/members.ts'
import { readCanonical } from './json/reader.ts'
import { MAX_EVENT_BYTES, MAX_TEXT_LENGTH } from './limits.ts'
import type { Pdu } from './pdu.ts'
import { redactedText } from './redaction.ts'
import { pduOf, TextPdu } from './text-pdu.ts'
import { withAllowedUnsigned } from './unsigned.ts'

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
 * Total: whatever text comes in, a verdict comes out. One pass over text that is already canonical.
 *
 * @param input - the event in the federation format; bytes are UTF-8
 * @throws {RoomserverError} INVALID_ARGUMENT when `input` is neither text nor bytes, such as an event that was parsed already
 * @see https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
 * @example
 * ```ts
 * import { parsePdu } from '@roomserver/events'
 * import { requireRoomVersion } from '@roomserver/version'
 *
 * const verdict = parsePdu('{"type":"m.room.topic"}', requireRoomVersion('11'))
 * console.log(verdict.ok ? verdict.pdu.eventId : verdict.reason)
 * ```
 */
export function parsePdu(input: string | Uint8Array, rules: RoomVersionRules): PduVerdict {
  return parsed(input, rules, (event) => event)
}

/**
 * The same for an event that is going to be stored or shown: of its `unsigned`, which nothing vouches for, only what
 * another server may say there is kept (see `withAllowedUnsigned`).
 */
export function receivePdu(input: string | Uint8Array, rules: RoomVersionRules): PduVerdict {
  return parsed(input, rules, withAllowedUnsigned)
}

/** @param kept - what is used of an event whose content hash matches */
function parsed(
  input: string | Uint8Array,
  rules: RoomVersionRules,
  kept: (event: Members, fields: EventFields) => Members,
): PduVerdict {
  checkRules('rules', rules)
  const text = typeof input === 'string' ? input : decoded(input)
  if (text === undefined) return refused('json', 'the event is not UTF-8')
  if (text.length > MAX_TEXT_LENGTH) return refused('format.size', `the text has ${text.length} characters`)
  const read = readCanonical(text, rules.strictJson ? 'strict' : 'lenient')
  if (!read.ok) return refused('json', read.reason)
  const { text: json, spans } = read
  if (spans === undefined) return refused('json', 'the event is not a JSON object')
  if (isLongerThan(json, MAX_EVENT_BYTES)) {
    return refused('format.size', `the event has more than ${MAX_EVENT_BYTES} bytes`)
  }
  return checked({ text: json, spans }, rules, kept)
}

function checked(
  event: Members,
  rules: RoomVersionRules,
  kept: (event: Members, fields: EventFields) => Members,
): PduVerdict {
  const fields = fieldsOf(event)
  const fault = formatFault(fields, rules)
  if (fault) return { ok: false, ...fault }
  const eventId = eventIdOf(event, rules)
  if (contentHashMatches(event)) {
    return {
      ok: true,
      pdu: new TextPdu(kept(event, fields), fields, eventId, rules, true),
      contentHashMatches: true,
    }
  }
  const redacted = membersOf(redactedText(event, rules)) ?? event
  return { ok: true, pdu: pduOf(redacted, eventId, rules, true), contentHashMatches: false }
}

function refused(rule: string, reason: string): PduVerdict {
  return { ok: false, rule, reason }
}

function decoded(bytes: Uint8Array): string | undefined {
  // A `Buffer` of another realm is one as well.
  if (!ArrayBuffer.isView(bytes))
    throw invalidArgument('input', 'the JSON text of an event, or its bytes in UTF-8')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
