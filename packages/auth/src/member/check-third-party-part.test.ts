import { encodeBase64, ed25519, signJson } from '@roomserver/events'
import { beforeAll, describe, expect, it } from 'vitest'
import { createEvent, makeEvent, member } from '../../test/room.ts'
import { checkAuth } from '../check-auth.ts'
import { authStateOf } from '../state.ts'
import { isSignedByInvite, signatureChecksIn } from '../third-party/signed-by-invite.ts'

const seed = new Uint8Array(32).fill(7)
const otherSeed = new Uint8Array(32).fill(8)
const part = { mxid: '@bob:b.test', token: 'abc' }
let publicKey = ''
let otherKey = ''
let signed: Readonly<Record<string, unknown>> = {}

beforeAll(async () => {
  publicKey = encodeBase64(await ed25519.publicKey(seed))
  otherKey = encodeBase64(await ed25519.publicKey(otherSeed))
  const signature = await signJson(part, { server: 'id.test', keyId: 'ed25519:0', seed: encodeBase64(seed) })
  signed = { ...part, signatures: { 'id.test': { 'ed25519:0': signature } } }
})

function judge(signedPart: unknown, keys: object, more: { inviter?: string; membership?: string } = {}) {
  const { inviter = '@alice:a.test', membership } = more
  const state = authStateOf([
    createEvent('10'),
    makeEvent('10', { type: 'm.room.third_party_invite', key: 'abc', sender: inviter, content: { ...keys } }),
    ...(membership === undefined ? [] : [member('10', '@bob:b.test', membership)]),
  ])
  const content = { membership: 'invite', third_party_invite: { display_name: 'b', signed: signedPart } }
  return checkAuth(makeEvent('10', { type: 'm.room.member', key: '@bob:b.test', content }), state)
}

describe('an invite that goes back to a third-party invite', () => {
  it.each<readonly [string, () => ReturnType<typeof judge>, string]>([
    ['signed by the single key', () => judge(signed, { public_key: publicKey }), 'v10 4.4.1.7'],
    [
      'signed by one of several keys',
      () => judge(signed, { public_key: otherKey, public_keys: [{}, { public_key: publicKey }] }),
      'v10 4.4.1.7',
    ],
    ['signed by another key', () => judge(signed, { public_key: otherKey }), 'v10 4.4.1.8'],
    ['with no key in the room', () => judge(signed, {}), 'v10 4.4.1.8'],
    [
      'changed after it was signed',
      () => judge({ ...signed, more: 1 }, { public_key: publicKey }),
      'v10 4.4.1.8',
    ],
    ['not signed', () => judge(part, { public_key: publicKey }), 'v10 4.4.1.8'],
    ['without a signed part', () => judge(undefined, { public_key: publicKey }), 'v10 4.4.1.2'],
    ['without a token', () => judge({ mxid: '@bob:b.test' }, {}), 'v10 4.4.1.3'],
    ['for somebody else', () => judge({ ...part, mxid: '@eve:b.test' }, {}), 'v10 4.4.1.4'],
    ['with a token that the room does not have', () => judge({ ...part, token: 'x' }, {}), 'v10 4.4.1.5'],
    [
      'by another sender',
      () => judge(signed, { public_key: publicKey }, { inviter: '@eve:b.test' }),
      'v10 4.4.1.6',
    ],
    [
      'of a banned user',
      () => judge(signed, { public_key: publicKey }, { membership: 'ban' }),
      'v10 4.4.1.1',
    ],
  ])('%s', (_what, verdict, rule) => {
    expect(verdict().rule).toBe(rule)
  })

  it.each<readonly [() => ReturnType<typeof judge>, RegExp]>([
    [() => judge(signed, {}, { membership: 'ban' }), /^@bob:b\.test is banned$/],
    [() => judge(undefined, {}), /^third_party_invite has no signed part$/],
    [() => judge({ mxid: '@bob:b.test' }, {}), /^the signed part has no mxid or no token$/],
    [() => judge({ token: 'abc' }, {}), /^the signed part has no mxid or no token$/],
    [() => judge({ ...part, mxid: 5 }, {}), /^the signed part has no mxid or no token$/],
    [() => judge({ ...part, mxid: '@e:b' }, {}), /^@e:b was signed, @bob:b\.test is invited$/],
    [() => judge({ ...part, token: 'x' }, {}), /^no third-party invite with token x$/],
    [
      () => judge(signed, {}, { inviter: '@eve:b.test' }),
      /^the third-party invite \$event\S+ is by @eve:b\.test, not @alice:a\.test$/,
    ],
    [() => judge(signed, {}), /^no signature of the signed part fits a public key of \$event\S+$/],
  ])('says why it is refused', (verdict, reason) => {
    expect(verdict()).toMatchObject({ allowed: false, reason: expect.stringMatching(reason) })
  })

  it.each<readonly [string, object]>([
    ['keys that are not a list', { public_keys: 'x' }],
    ['a list of what are not keys', { public_keys: [null, 5, [], { public_key: 5 }, { key: 'x' }] }],
    ['a key of another length', { public_key: 'AAAA' }],
    ['a key that is not valid base64', { public_key: '?'.repeat(43) }],
    ['a text that is longer than any key', { public_key: 'A'.repeat(101) }],
  ])('is refused where the room has %s', (_what, keys) => {
    expect(judge(signed, keys).rule).toBe('v10 4.4.1.8')
  })

  it.each<readonly [string, unknown]>([
    ['no map', 'x'],
    ['a map of no maps', { 'id.test': 'x', other: null }],
    ['of another algorithm only', { 'id.test': { 'rsa:0': 'A'.repeat(86) } }],
    ['of another length', { 'id.test': { 'ed25519:0': 'AAAA' } }],
    ['no texts', { 'id.test': { 'ed25519:0': 5 } }],
  ])('is refused where its signatures are %s', (_what, signatures) => {
    expect(judge({ ...part, signatures }, { public_key: publicKey }).rule).toBe('v10 4.4.1.8')
  })

  it('is judged by what was signed, and not by what stands beside it unsigned', () => {
    expect(judge({ ...signed, unsigned: { x: 1 } }, { public_key: publicKey }).allowed).toBe(true)
  })
})

/** An invite with 300 signatures and a third-party invite with 500 keys, none of which fit. */
function hopeless(more: object = {}) {
  const signatures = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`ed25519:${i}`, encodeBase64(new Uint8Array(64).fill(i % 16))]),
  )
  const keys = { public_keys: Array.from({ length: 500 }, () => ({ public_key: publicKey })) }
  const part_ = { ...part, ...more, signatures: { 'id.test': signatures } }
  const content = { membership: 'invite', third_party_invite: { signed: part_ } }
  return {
    event: makeEvent('10', { type: 'm.room.member', key: '@bob:b.test', content }),
    invite: makeEvent('10', { type: 'm.room.third_party_invite', key: 'abc', content: keys }),
  }
}

describe('what verifying costs', () => {
  const counted = () => {
    let calls = 0
    const verify = () => ++calls < 0
    return { verify, calls: () => calls }
  }

  it.each([
    ['a short signed part', {}, 32],
    ['a long signed part', { more: 'x'.repeat(40_000) }, 3],
  ])('is a few pairs of key and signature, and fewer for %s', (_what, more, most) => {
    const { event, invite } = hopeless(more)
    const { calls, verify } = counted()
    expect(isSignedByInvite(event, invite, verify)).toBe(false)
    expect(calls()).toBeLessThanOrEqual(most)
    expect(calls()).toBeGreaterThan(0)
    expect(signatureChecksIn(event)).toBeGreaterThanOrEqual(calls())
  })

  it('is paid once for an invite, however often that is judged', () => {
    const { event, invite } = hopeless()
    const { calls, verify } = counted()
    isSignedByInvite(event, invite, verify)
    const first = calls()
    for (let i = 0; i < 10; i++) expect(isSignedByInvite(event, invite, verify)).toBe(false)
    expect(calls()).toBe(first)
    // Another third-party invite with the same token has keys of its own.
    isSignedByInvite(event, hopeless().invite, verify)
    expect(calls()).toBe(2 * first)
  })

  it('is nothing for all other events', () => {
    expect(signatureChecksIn(member('10', '@bob:b.test', 'invite'))).toBe(0)
    const inviting = { membership: 'invite', third_party_invite: {} }
    expect(signatureChecksIn(makeEvent('10', { type: 'm.room.topic', key: '', content: inviting }))).toBe(0)
    const joining = { membership: 'join', third_party_invite: {} }
    expect(signatureChecksIn(makeEvent('10', { type: 'm.room.member', key: '@b:b', content: joining }))).toBe(
      0,
    )
  })
})
