import { contentHash, eventIdOf, parsePdu, referenceHash, trustedPdu } from '@roomserver/events'
import { difference, jsonText, readRow } from './row.ts'

/** Checks a row of event-id-and-hashes.jsonl; `undefined` when it holds, else a sentence about the difference. */
export function checkEventIdAndHashes(row: unknown): string | undefined {
  const { member, rules, expected } = readRow(row)
  const event = jsonText(member('event'))
  const eventId = eventIdOf(event, rules())
  const parsed = parsePdu(event, rules())
  const roomId = expected('roomId')
  return (
    difference('the content hash', contentHash(event), expected('contentHash')) ??
    difference('the reference hash', referenceHash(event, rules()), expected('referenceHash')) ??
    difference('the event ID', eventId, expected('eventId')) ??
    (roomId === undefined
      ? undefined
      : difference('the room ID', trustedPdu(event, eventId, rules()).roomId, roomId)) ??
    (parsed.ok
      ? (difference('contentHashMatches', parsed.contentHashMatches, expected('contentHashMatches')) ??
        difference('the ID of the parsed event', parsed.pdu.eventId, expected('eventId')))
      : `the event was refused: ${parsed.reason}`)
  )
}
