import type { FederationApi, QueryPublicKeyResponse } from '@roomserver/api'
import {
  type KeyFinder,
  neededKeys,
  type Pdu,
  receivePdu,
  type VerifyKey,
  verifySignatures,
} from '@roomserver/events'
import type { Clock, Logger, RoomId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { yieldToEventLoop } from '../view/run.ts'

/** What events are checked with that other servers sent. */
export interface VerifyParts {
  readonly federation: Pick<FederationApi, 'queryPublicKey'>
  /** Keys are believed for so long from now at most. */
  readonly clock: Clock
  readonly log: Logger
}

/** The room that fetched events must belong to. */
export interface ExpectedRoom {
  readonly roomId: RoomId
  readonly rules: RoomVersionRules
}

/** Old room versions have greater times; in a request one of them would spoil the answer for all events beside it. */
const MAX_TS = Number.MAX_SAFE_INTEGER

/** How many events are checked or ingested at the same time; between them others get a turn. */
const AT_ONCE = 128

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
  const ofRoom: Pdu[] = []
  const requests = new Map<string, number>()
  for (const some of inBatches(texts.slice(0, maxEvents))) {
    const parsed = some.map((text) => receivePdu(text, rules)).filter((result) => result.ok)
    const events = parsed.map(({ pdu }) => pdu).filter((event) => event.roomId === roomId)
    for (const [name, ts] of keyRequestsFor(events)) {
      requests.set(name, Math.max(requests.get(name) ?? 0, ts))
    }
    ofRoom.push(...events)
    await yieldToEventLoop()
  }
  const findKey = keyFinderOf(requests.size === 0 ? new Map() : await keysFor(parts, requests))
  const now = parts.clock.now()
  const verified: Pdu[] = []
  for (const some of inBatches(ofRoom)) {
    const checked = some.map(async (event) => [event, await verifySignatures(event, findKey, now)] as const)
    for (const [event, verdict] of await Promise.all(checked)) {
      if (verdict.ok) {
        verified.push(event)
      } else {
        const { server, reason } = verdict
        const fields = { room_id: roomId, event_id: event.eventId, server, reason }
        parts.log.warn(fields, 'ignored an event with a bad signature')
      }
    }
  }
  return verified
}

async function keysFor(
  { federation }: VerifyParts,
  requests: ReadonlyMap<string, number>,
): Promise<QueryPublicKeyResponse['results']> {
  return (await federation.queryPublicKey({ requests })).results
}

/** Lists of so many at most, in order. */
export function* inBatches<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let at = 0; at < items.length; at += AT_ONCE) yield items.slice(at, at + AT_ONCE)
}

/** The keys that events may be signed with, as they are asked for: when each has to be valid at the latest. */
export function keyRequestsFor(events: readonly Pdu[]): ReadonlyMap<string, number> {
  const keys = new Map<string, number>()
  for (const event of events) {
    for (const { keyId, server } of neededKeys(event)) {
      const name = `${server}/${keyId}`
      keys.set(name, Math.max(keys.get(name) ?? 0, Math.min(event.originServerTs, MAX_TS)))
    }
  }
  return keys
}

/** Finds keys among those that were answered. */
export function keyFinderOf(results: QueryPublicKeyResponse['results']): KeyFinder {
  return (server, keyId) => keyIn(results, `${server}/${keyId}`)
}

function keyIn(results: QueryPublicKeyResponse['results'], name: string): VerifyKey | undefined {
  const found = results.get(name)
  if (found === undefined) return undefined
  const { key, valid_until_ts: validUntilTs, expired_ts: expiredTs } = found
  return { key, validUntilTs, ...(expiredTs !== 0 && { expiredTs }) }
}
