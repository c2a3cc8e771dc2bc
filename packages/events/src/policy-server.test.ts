import type { JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { built, KEY, PUBLIC_KEY, rulesOf } from '../test/fixture-events.ts'
import { signEvent } from './build-event.ts'
import type { Pdu } from './pdu.ts'
import {
  isSignedByPolicyServer,
  needsPolicySignature,
  POLICY_KEY_ID,
  policyServerOf,
  policySignatureIn,
  withPolicySignature,
} from './policy-server.ts'
import { trustedPdu } from './raw-event.ts'
import type { SigningKey } from './signed-json.ts'
import { verifySignatures } from './verify-signatures.ts'

const POLICY = { server: 'policy', publicKey: PUBLIC_KEY }
const policyKey = (server = POLICY.server): SigningKey => ({ ...KEY, server, keyId: POLICY_KEY_ID })
const signaturesOf = ({ json }: Pdu) =>
  (JSON.parse(json) as { signatures: Record<string, Record<string, string>> }).signatures
const with_ = (event: Pdu, signatures: JsonObject) =>
  trustedPdu({ ...(JSON.parse(event.json) as JsonObject), signatures }, event.eventId, event.rules)

/** What the policy server answers when it is asked to sign an event. */
async function signatureFor(event: Pdu, server = POLICY.server): Promise<string> {
  const signed = trustedPdu(
    await signEvent(event.json, event.rules, policyKey(server)),
    event.eventId,
    event.rules,
  )
  return signaturesOf(signed)[server]?.[POLICY_KEY_ID] ?? ''
}

describe('the policy server of a room', () => {
  it.each<[string, JsonObject, boolean]>([
    ['a server and a key', { via: 'policy', public_keys: { ed25519: 'k' } }, true],
    ['other keys beside it', { via: 'policy', public_keys: { ed25519: 'k', x: 5 }, more: 1 }, true],
    // "Valid means `content` contains at least: A string value": a text that is not a key cannot have signed anything.
    ['a text that is not a key', { via: 'policy', public_keys: { ed25519: '' } }, true],
    ['no server', { public_keys: { ed25519: 'k' } }, false],
    ['no keys', { via: 'policy' }, false],
    ['a key of another algorithm', { via: 'policy', public_keys: { rsa: 'k' } }, false],
    ['a server that is not a string', { via: ['policy'], public_keys: { ed25519: 'k' } }, false],
    ['a key that is not a string', { via: 'policy', public_keys: { ed25519: { key: 'k' } } }, false],
    ['a list of keys', { via: 'policy', public_keys: ['k'] }, false],
    ['null', { via: 'policy', public_keys: null }, false],
    // As it was before the feature was part of the specification.
    ['the unstable form', { via: 'policy', public_key: 'k' }, false],
    ['nothing, as a redaction leaves it', {}, false],
  ])('is named by content with %s: %s', (_what, content, isNamed) => {
    expect(policyServerOf({ content }) !== undefined).toBe(isNamed)
  })

  it.each<[string, string | undefined, boolean]>([
    ['m.room.policy', '', false],
    ['m.room.policy', 'x', true],
    ['m.room.policy', undefined, true],
    ['m.room.member', '', true],
    ['m.room.message', undefined, true],
  ])('signs %s with state key %j: %s', (type, stateKey, isSigned) => {
    expect(needsPolicySignature({ type, stateKey })).toBe(isSigned)
  })
})

describe("a policy server's signature", () => {
  it('is good by the key that the room names, in every room version', async () => {
    for (const version of ['1', '2', '3', '5', '6', '10', '11', '12']) {
      const event = await built(version)
      const signed = withPolicySignature(event, 'policy', await signatureFor(event))
      expect(await isSignedByPolicyServer(signed, POLICY), version).toBe(true)
      expect(signed.eventId).toBe(event.eventId)
    }
  })

  it('is not good where it is missing, of another server, by another key, or of another event', async () => {
    const event = await built()
    const signature = await signatureFor(event)
    const other = await built('10', { content: { body: 'something else' } })
    const cases: readonly (readonly [Pdu, string])[] = [
      [event, PUBLIC_KEY],
      [with_(event, { policy: { 'ed25519:1': signature } }), PUBLIC_KEY],
      [with_(event, { elsewhere: { [POLICY_KEY_ID]: signature } }), PUBLIC_KEY],
      [with_(event, { policy: { [POLICY_KEY_ID]: 5 } }), PUBLIC_KEY],
      [with_(event, { policy: signature }), PUBLIC_KEY],
      [withPolicySignature(other, 'policy', signature), PUBLIC_KEY],
      [withPolicySignature(event, 'policy', signature), 'A'.repeat(43)],
      [withPolicySignature(event, 'policy', signature), ''],
      [withPolicySignature(event, 'policy', signature), 'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og'],
    ]
    for (const [subject, publicKey] of cases) {
      expect(await isSignedByPolicyServer(subject, { ...POLICY, publicKey })).toBe(false)
    }
  })

  it('holds for the redacted event, which is what was signed', async () => {
    const event = await built('11', { content: { body: 'gone' } })
    const signed = withPolicySignature(event, 'policy', await signatureFor(event))
    const redacted = trustedPdu(
      { ...(JSON.parse(signed.json) as JsonObject), content: {} },
      event.eventId,
      rulesOf('11'),
    )
    expect(await isSignedByPolicyServer(redacted, POLICY)).toBe(true)
  })

  // "The policy server name might be the same as the event's origin": without its own signature the event is no good.
  it('stands beside that of the same server as the author of the event', async () => {
    const event = await built()
    const server = KEY.server
    const signed = withPolicySignature(event, server, await signatureFor(event, server))
    expect(Object.keys(signaturesOf(signed)[server] ?? {}).toSorted()).toEqual([KEY.keyId, POLICY_KEY_ID])
    expect(await isSignedByPolicyServer(signed, { server, publicKey: PUBLIC_KEY })).toBe(true)
    const find = (_: string, keyId: string) =>
      keyId === KEY.keyId ? { key: PUBLIC_KEY, validUntilTs: 2_000_000 } : undefined
    expect(await verifySignatures(signed, find)).toEqual({ ok: true })
  })

  it('takes the place of one by a key that the room named before', async () => {
    const event = withPolicySignature(await built(), 'policy', 'A'.repeat(86))
    const signed = withPolicySignature(event, 'policy', await signatureFor(event))
    expect(await isSignedByPolicyServer(signed, POLICY)).toBe(true)
    expect(Object.keys(signaturesOf(signed)['policy'] ?? {})).toEqual([POLICY_KEY_ID])
  })

  it.each<[unknown, string | undefined]>([
    [{ policy: { [POLICY_KEY_ID]: 'good', 'ed25519:1': 'evil' } }, 'good'],
    [{ other: { [POLICY_KEY_ID]: 'evil' } }, undefined],
    [{ policy: { 'ed25519:1': 'evil' } }, undefined],
    [{ policy: [] }, undefined],
    [{}, undefined],
    [null, undefined],
  ])('is the only thing that counts in an answer: %j', (answer, signature) => {
    expect(policySignatureIn(answer, 'policy')).toBe(signature)
  })
})
