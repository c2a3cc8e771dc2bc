import { authStateOf, checkRedaction } from '@roomserver/auth'
import { isDeepStrictEqual } from 'node:util'
import { type Pdu, redactJson, trustedPdu } from '@roomserver/events'
import { type EventRecord, type JsonObject, type JsonValue, NO_NID } from '@roomserver/types'
import type { Judgement, RoomOracle } from '../oracle/room-oracle.ts'

/**
 * What a server has redacted must be what the redactions redact that it accepted, whenever they came. (One that
 * soft-failed takes no effect, so servers can differ; but each for a reason.)
 *
 * A redaction that was itself redacted can have come without a word of what it redacts: servers pass redacted events
 * on, and room versions before 11 strip that too. Who first heard of it then cannot know, so either is right.
 *
 * @param records - the events in its graph
 * @returns what is wrong, in sentences
 */
export function redactionProblems(
  records: ReadonlyMap<string, EventRecord>,
  reference: RoomOracle,
): readonly string[] {
  const accepted = [...records.values()].filter(({ verdict }) => verdict === 'accepted')
  const redactions = accepted.flatMap((record) => {
    const judged = reference.judged(record.eventId)
    if (judged?.pdu.type !== 'm.room.redaction' || judged.pdu.stateKey !== undefined) return []
    const mayBeMute = record.redactedBy !== NO_NID && judged.pdu.rules.redactsIn !== 'content'
    return [{ judged, mayBeMute }]
  })
  return [...records.values()].flatMap(({ eventId, redactedBy, json }) => {
    const target = reference.judged(eventId)
    if (target === undefined) return []
    if (redactedBy !== NO_NID && !isRedactedText(json, target.pdu)) {
      return [`${eventId} is redacted and says what it said`]
    }
    const effective = redactions.filter(({ judged }) => takesEffect(judged, target))
    const isRedacted = redactedBy !== NO_NID
    const isRight = isRedacted ? effective.length > 0 : effective.every(({ mayBeMute }) => mayBeMute)
    return isRight ? [] : [`${eventId} is ${isRedacted ? '' : 'not '}redacted`]
  })
}

/**
 * Whether a server got a redaction without a word of what it redacts. The rules of old room versions ask for that, and let
 * only those send such a one who may redact whatever there is.
 */
export function isMute({ json }: EventRecord, { redacts, rules }: Pdu): boolean {
  return redacts !== undefined && trustedPdu(json, '', rules).redacts === undefined
}

/** However often a redacted event comes again with its content: that stays gone. */
function isRedactedText(json: string, { json: asItCame, rules }: Pdu): boolean {
  return isDeepStrictEqual(contentOf(json), contentOf(redactJson(asItCame, rules)))
}

function contentOf(json: string): JsonValue | undefined {
  return (JSON.parse(json) as JsonObject)['content']
}

function takesEffect({ pdu, before }: Judgement, target: Judgement): boolean {
  if (pdu.redacts !== target.pdu.eventId || pdu === target.pdu) return false
  return checkRedaction(pdu, target.pdu, authStateOf(before.values())).allowed
}
