import { authStateOf, checkRedaction } from '@roomserver/auth'
import { type EventRecord, NO_NID } from '@roomserver/types'
import type { Judged, ReferenceRoom } from './reference-room.ts'

/**
 * What a server has redacted must be what the redactions redact that it accepted, whenever they came. (One that
 * soft-failed takes no effect, so servers can differ; but each for a reason.)
 *
 * @param records - the events in its graph
 * @returns what is wrong, in sentences
 */
export function redactionProblems(
  records: ReadonlyMap<string, EventRecord>,
  reference: ReferenceRoom,
): readonly string[] {
  const accepted = [...records.values()].filter(({ verdict }) => verdict === 'accepted')
  const redactions = accepted.flatMap(({ eventId }) => {
    const judged = reference.judged(eventId)
    return judged?.pdu.type === 'm.room.redaction' && judged.pdu.stateKey === undefined ? [judged] : []
  })
  return [...records.values()].flatMap(({ eventId, redactedBy }) => {
    const target = reference.judged(eventId)
    if (target === undefined) return []
    const isDue = redactions.some((redaction) => takesEffect(redaction, target))
    return isDue === (redactedBy !== NO_NID) ? [] : [`${eventId} is ${isDue ? 'not ' : ''}redacted`]
  })
}

function takesEffect({ pdu, before }: Judged, target: Judged): boolean {
  if (pdu.redacts !== target.pdu.eventId || pdu === target.pdu) return false
  return checkRedaction(pdu, target.pdu, authStateOf(before.values())).allowed
}
