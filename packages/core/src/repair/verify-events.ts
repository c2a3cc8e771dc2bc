import type { FederationApi, QueryPublicKeyResponse } from '@roomserver/api'
import { parsePdu, type Pdu, requiredSignatures, type VerifyKey, verifySignatures } from '@roomserver/events'
import { isJsonObject, type JsonValue, type Logger, type RoomId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

/** What events are checked with that other servers sent. */
export interface VerifyParts {
  readonly federation: Pick<FederationApi, 'queryPublicKey'>
  readonly log: Logger
}

/** The room that fetched events must belong to. */
export interface ExpectedRoom {
  readonly roomId: RoomId
  readonly rules: RoomVersionRules
}

/**
 * Parses events that another server sent and checks their signatures, with keys asked for in one go. What is malformed,
 * of another room or not signed as it must be is left out.
 *
 * @param texts - events in the federation format
 * @param maxEvents - those beyond are not looked at
 */
export async function verifiedEvents(
  parts: VerifyParts,
  { roomId, rules }: ExpectedRoom,
  texts: readonly string[],
  maxEvents: number,
): Promise<readonly Pdu[]> {
  const parsed = texts.slice(0, maxEvents).map((text) => parsePdu(text, rules))
  const events = parsed.filter((result) => result.ok).map(({ pdu }) => pdu)
  const ofRoom = events.filter((event) => event.roomId === roomId)
  const { results } = await parts.federation.queryPublicKey({ requests: keysFor(ofRoom) })
  const findKey = (server: string, keyId: string) => keyIn(results, `${server}/${keyId}`)
  const verified: Pdu[] = []
  for (const event of ofRoom) {
    const verdict = await verifySignatures(event, findKey)
    if (verdict.ok) verified.push(event)
    else {
      const { server, reason } = verdict
      parts.log.warn(
        { room_id: roomId, event_id: event.eventId, server, reason },
        'event left out: bad signature',
      )
    }
  }
  return verified
}

/** The keys that the events may be signed with, and when each has to be valid at the latest. */
function keysFor(events: readonly Pdu[]): ReadonlyMap<string, number> {
  const keys = new Map<string, number>()
  for (const event of events) {
    const signatures = signaturesOf(event)
    for (const server of requiredSignatures(event)) {
      for (const keyId of keyIdsOf(signatures, server)) {
        const name = `${server}/${keyId}`
        keys.set(name, Math.max(keys.get(name) ?? 0, event.originServerTs))
      }
    }
  }
  return keys
}

function signaturesOf(event: Pdu): JsonValue | undefined {
  const json = JSON.parse(event.json) as JsonValue
  return isJsonObject(json) ? json['signatures'] : undefined
}

function keyIdsOf(signatures: JsonValue | undefined, server: string): readonly string[] {
  if (!isJsonObject(signatures) || !Object.hasOwn(signatures, server)) return []
  const ofServer = signatures[server]
  return isJsonObject(ofServer) ? Object.keys(ofServer).filter((keyId) => keyId.startsWith('ed25519:')) : []
}

function keyIn(results: QueryPublicKeyResponse['results'], name: string): VerifyKey | undefined {
  const found = results.get(name)
  if (found === undefined) return undefined
  const { key, valid_until_ts: validUntilTs, expired_ts: expiredTs } = found
  return { key, validUntilTs, ...(expiredTs !== 0 && { expiredTs }) }
}
