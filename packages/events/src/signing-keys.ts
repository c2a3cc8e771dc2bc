import { isJsonObject, type JsonValue } from '@roomserver/types'
import { memberValue } from './json/members.ts'
import { MAX_SIGNATURES_PER_SERVER } from './limits.ts'
import type { Pdu } from './pdu.ts'
import { eventMembers } from './event-members.ts'
import { requiredSignatures } from './required-signatures.ts'
import { checkPdu } from './text-pdu.ts'

/** The name of a server's key. */
export interface KeyName {
  readonly server: string
  readonly keyId: string
}

/**
 * The keys that checking an event's signatures takes, as far as it carries signatures by them: those of the servers that
 * must have signed it, `MAX_SIGNATURES_PER_SERVER` of each at most.
 */
export function neededKeys(event: Pdu): readonly KeyName[] {
  checkPdu('event', event)
  const signatures = memberValue(eventMembers(event.json), 'signatures')
  return requiredSignatures(event).flatMap((server) =>
    signaturesOf(signatures, server).map(([keyId]) => ({ server, keyId })),
  )
}

/** What a server signed with Ed25519, by key ID in order; those beyond the limit are as if they were not there. */
export function signaturesOf(
  signatures: unknown,
  server: string,
): readonly (readonly [string, JsonValue | undefined])[] {
  if (!isJsonObject(signatures) || !Object.hasOwn(signatures, server)) return []
  const ofServer = signatures[server]
  if (!isJsonObject(ofServer)) return []
  return Object.entries(ofServer)
    .filter(([keyId]) => keyId.startsWith('ed25519:'))
    .slice(0, MAX_SIGNATURES_PER_SERVER)
}
