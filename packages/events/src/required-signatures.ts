import { type JsonValue, serverOf } from '@roomserver/types'
import type { Pdu } from './pdu.ts'

/**
 * The servers whose signatures an event needs: the sender's (but for an invite by way of a third party), in room
 * versions 1 and 2 the one that gave it its ID, and for a restricted join the one that let the user in.
 *
 * @see https://spec.matrix.org/v1.16/server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function requiredSignatures(event: Pdu): readonly string[] {
  const servers = new Set<string | undefined>()
  if (!isThirdPartyInvite(event)) servers.add(serverOf(event.sender))
  if (event.rules.eventId === 'domain') servers.add(serverOf(event.eventId))
  if (event.rules.auth.restrictedJoins) servers.add(authorisingServer(event))
  servers.delete(undefined)
  return [...servers] as string[]
}

function isThirdPartyInvite(event: Pdu): boolean {
  return isMembership(event, 'invite') && contentValue(event, 'third_party_invite') !== undefined
}

function authorisingServer(event: Pdu): string | undefined {
  const user = isMembership(event, 'join')
    ? contentValue(event, 'join_authorised_via_users_server')
    : undefined
  return typeof user === 'string' ? serverOf(user) : undefined
}

function isMembership(event: Pdu, membership: string): boolean {
  return (
    event.type === 'm.room.member' &&
    event.stateKey !== undefined &&
    contentValue(event, 'membership') === membership
  )
}

function contentValue(event: Pdu, name: string): JsonValue | undefined {
  return Object.hasOwn(event.content, name) ? event.content[name] : undefined
}
