import { type JsonValue, serverOf } from '@roomserver/types'
import type { Pdu } from './pdu.ts'
import { checkPdu } from './text-pdu.ts'

/**
 * The servers whose signatures an event needs: the sender's (but for an invite by way of a third party), in room
 * versions 1 and 2 the one that gave it its ID, and for a restricted join the one that let the user in.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function requiredSignatures(event: Pdu): readonly string[] {
  checkPdu('event', event)
  return [...signersOf(event)].filter((server) => server !== undefined)
}

/** {@link requiredSignatures}, with `undefined` for an ID that names no server: nobody can have signed for that. */
export function signersOf(event: Pdu): ReadonlySet<string | undefined> {
  const servers = new Set<string | undefined>()
  if (!isThirdPartyInvite(event)) servers.add(serverOf(event.sender))
  if (event.rules.eventId === 'domain') servers.add(serverOf(event.eventId))
  const authorising = event.rules.auth.restrictedJoins ? authorisingUser(event) : undefined
  if (authorising !== undefined) servers.add(serverOf(authorising))
  return servers
}

function isThirdPartyInvite(event: Pdu): boolean {
  return isMembership(event, 'invite') && contentValue(event, 'third_party_invite') !== undefined
}

function authorisingUser(event: Pdu): string | undefined {
  const user = isMembership(event, 'join')
    ? contentValue(event, 'join_authorised_via_users_server')
    : undefined
  return typeof user === 'string' ? user : undefined
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
