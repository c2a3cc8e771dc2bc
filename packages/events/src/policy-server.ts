import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { canonicalJson } from './json/canonical-json.ts'
import { memberValue, withMember } from './json/members.ts'
import { signedText } from './hashes.ts'
import type { Pdu } from './pdu.ts'
import { eventMembers } from './event-members.ts'
import { trustedPdu } from './raw-event.ts'
import { refusedKeyReason } from './refused-keys.ts'
import { verifyText } from './signed-json.ts'

/** The ID of the key that policy servers sign events with. The key itself is in the room's `m.room.policy`. */
export const POLICY_KEY_ID = 'ed25519:policy_server'

/** The policy server that a room names. It counts while at least one of its users is joined to the room. */
export interface PolicyServer {
  readonly server: string
  /** 32 bytes in base64, if the room names a key that can be used. */
  readonly publicKey: string
}

/**
 * The policy server that an `m.room.policy` event with an empty state key names; `undefined` when its content is not
 * valid, and so the room uses none.
 *
 * @param policy - as it is in the room's current state, redacted if it was redacted
 * @see https://spec.matrix.org/v1.19/server-server-api/#determining-if-a-policy-server-is-enabled-in-a-room
 */
export function policyServerOf(policy: Pick<Pdu, 'content'>): PolicyServer | undefined {
  const server = member(policy.content, 'via')
  const publicKey = member(member(policy.content, 'public_keys'), 'ed25519')
  if (typeof server !== 'string' || typeof publicKey !== 'string') return undefined
  return { server, publicKey }
}

/** Whether the policy server of its room has to sign an event: every event, but for the one that names it. */
export function needsPolicySignature({ type, stateKey }: Pick<Pdu, 'type' | 'stateKey'>): boolean {
  return type !== 'm.room.policy' || stateKey !== ''
}

/**
 * Whether the policy server of a room has signed an event, with the key that the room names for it.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#validating-policy-server-signatures
 */
export async function isSignedByPolicyServer(event: Pdu, policy: PolicyServer): Promise<boolean> {
  const members = eventMembers(event.json)
  const signature = policySignatureIn(memberValue(members, 'signatures'), policy.server)
  if (signature === undefined || refusedKeyReason(policy.publicKey) !== undefined) return false
  return await verifyText(signedText(members, event.rules), signature, policy.publicKey)
}

/**
 * The policy server's signature in what it answers, or in an event's `signatures`; `undefined` where there is none. Other
 * signatures in an answer say nothing.
 */
export function policySignatureIn(signatures: unknown, server: string): string | undefined {
  const signature = member(member(signatures, server), POLICY_KEY_ID)
  return typeof signature === 'string' ? signature : undefined
}

/**
 * The event with the policy server's signature. All other signatures stay, those of the same server too: it may have made
 * the event itself.
 */
export function withPolicySignature(event: Pdu, server: string, signature: string): Pdu {
  const stored = memberValue(eventMembers(event.json), 'signatures')
  const signatures = isJsonObject(stored) ? stored : {}
  const ofServer = member(signatures, server)
  const signed: JsonObject = {
    ...signatures,
    [server]: { ...(isJsonObject(ofServer) && ofServer), [POLICY_KEY_ID]: signature },
  }
  const json = withMember(event.json, 'signatures', canonicalJson(signed, 'lenient'))
  return trustedPdu(json, event.eventId, event.rules)
}

function member(value: unknown, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
