import type { EventReference } from '@roomserver/api'
import { referenceHash } from '@roomserver/events'
import type { EventRecord } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

/** The reference to an event. Where event IDs are hashes, the hash is read from there and not made again. */
export function eventReference(record: EventRecord, rules: RoomVersionRules): EventReference {
  const sha256 =
    rules.eventId === 'domain' ? referenceHash(record.json, rules) : plainBase64(record.eventId.slice(1))
  return { eventId: record.eventId, sha256 }
}

function plainBase64(urlSafe: string): string {
  return urlSafe.replaceAll('-', '+').replaceAll('_', '/')
}
