import type { JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { signEvent } from './build-event.ts'
import { built, KEY, PUBLIC_KEY, rulesOf, STABLE_VERSIONS } from '../test/fixture-events.ts'
import { parsePdu } from './parse-pdu.ts'
import type { Pdu } from './pdu.ts'
import { contentHash, trustedPdu } from './raw-event.ts'
import { requiredSignatures } from './required-signatures.ts'
import { neededKeys } from './signing-keys.ts'
import { signJson, verifyJson } from './signed-json.ts'
import { type KeyFinder, type VerifyKey, verifySignatures } from './verify-signatures.ts'

const known: KeyFinder = (server, keyId) =>
  server === KEY.server && keyId === KEY.keyId ? { key: PUBLIC_KEY, validUntilTs: 2_000_000 } : undefined

const member = (version: string, content: JsonObject, eventId = '$x:a') =>
  trustedPdu({ type: 'm.room.member', state_key: '@b:b', sender: '@a:a', content }, eventId, rulesOf(version))

// https://spec.matrix.org/v1.19/appendices/#cryptographic-test-vectors
describe("the specification's examples", () => {
  it.each([
    [{}, 'K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ'],
    [
      { one: 1, two: 'Two' },
      'KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw',
    ],
  ])('sign %j', async (object, signature) => {
    expect(await signJson(object, KEY)).toBe(signature)
    const signed = { ...object, signatures: { domain: { 'ed25519:1': signature } }, unsigned: { x: 1 } }
    expect(await verifyJson(signed, 'domain', 'ed25519:1', PUBLIC_KEY)).toBe(true)
    expect(await verifyJson({ ...signed, one: 2 }, 'domain', 'ed25519:1', PUBLIC_KEY)).toBe(false)
    expect(await verifyJson(signed, 'toString', 'ed25519:1', PUBLIC_KEY)).toBe(false)
  })

  it('sign an event with a minimal set of members', async () => {
    const event: JsonObject = {
      room_id: '!x:domain',
      sender: '@a:domain',
      origin: 'domain',
      origin_server_ts: 1_000_000,
      signatures: {},
      hashes: {},
      type: 'X',
      content: {},
      prev_events: [],
      auth_events: [],
      depth: 3,
      unsigned: { age_ts: 1_000_000 },
    }
    const hash = '5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos'
    expect(contentHash(event)).toBe(hash)
    expect(
      JSON.parse(await signEvent({ ...event, hashes: { sha256: hash } }, rulesOf('1'), KEY)),
    ).toMatchObject({
      signatures: {
        domain: {
          'ed25519:1':
            'KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg',
        },
      },
    })
  })
})

describe('signatures of events', () => {
  it.each(STABLE_VERSIONS)(
    'are good after building one for version %s, and after redaction',
    async (version) => {
      const event = await built(version)
      expect(await verifySignatures(event, known)).toEqual({ ok: true })
      const other = await signEvent(event.json, rulesOf(version), { ...KEY, server: 'other' })
      expect(await verifySignatures(trustedPdu(other, event.eventId, event.rules), known)).toEqual({
        ok: true,
      })
      expect(JSON.parse(other)).toMatchObject({ signatures: { domain: {}, other: {} } })
    },
  )

  const signedWith = async (signatures: unknown, version = '10') => {
    const event = await built(version)
    const json = { ...(JSON.parse(event.json) as JsonObject), signatures } as JsonObject
    return trustedPdu(json, event.eventId, event.rules)
  }

  it.each([
    ['the event has no signature of this server', undefined],
    ['the event has no signature of this server', { 'domain ': { 'ed25519:1': 'AAAA' } }],
    ['the event has no signature of this server', { domain: { 'rsa:1': 'AAAA', ed25519: 'AAAA' } }],
    ['the signature with ed25519:1 is wrong', { domain: { 'ed25519:1': 5 } }],
    ['the key ed25519:2 is not known', { domain: { 'ed25519:2': 'AAAA' } }],
    ['the signature with ed25519:1 is wrong', { domain: { 'ed25519:1': 'AAAA' } }],
    ['the signature with ed25519:1 is wrong', { domain: { 'ed25519:1': '?' } }],
    ['the signature with ed25519:1 is wrong', { domain: { 'ed25519:1': `${'A'.repeat(85)}A` } }],
  ])('%s: %j', async (reason, signatures) => {
    const verdict = await verifySignatures(await signedWith(signatures), known)
    expect(verdict).toMatchObject({ ok: false, server: 'domain', reason: expect.stringContaining(reason) })
  })

  it.each([
    // version, the key's validity, good
    ['5', { validUntilTs: 1_000_000 }, true],
    ['5', { validUntilTs: 999_999 }, false],
    ['5', { validUntilTs: 0, expiredTs: 1_000_001 }, true],
    // Not "expired prior to the event's origin_server_ts".
    ['5', { validUntilTs: 0, expiredTs: 1_000_000 }, true],
    ['5', { validUntilTs: 0, expiredTs: 999_999 }, false],
    ['4', { validUntilTs: 0 }, true],
    ['4', { validUntilTs: 0, expiredTs: 5 }, true],
  ])('version %s, event of 1,000,000, key %j: %s', async (version, validity, good) => {
    const verdict = await verifySignatures(await built(version), () => ({ key: PUBLIC_KEY, ...validity }))
    expect(verdict.ok).toBe(good)
  })

  // V8 takes the second name for the first one, so that a signature of ours renamed those of others.
  it('stay under the names that others gave them', async () => {
    for (const name of ['\\', '"']) {
      const event = { type: 'x', signatures: { '!first': {}, [name]: { 'ed25519:1': 'AAAA' } } }
      const signed = await signEvent(event, rulesOf('10'), KEY)
      expect(signed).toContain(`${JSON.stringify(name)}:{"ed25519:1":"AAAA"}`)
    }
  })

  it('tolerate padding, as some servers write it', async () => {
    const event = await built()
    const json = event.json.replace(/("ed25519:1":"[^"]+)"/, '$1=="')
    expect(await verifySignatures(trustedPdu(json, event.eventId, event.rules), known)).toEqual({ ok: true })
  })
})

// Specification v1.19: "If all signatures from known unexpired keys from the originating server(s) are found to be valid".
describe('of the signatures of a server', () => {
  const SECOND = { ...KEY, keyId: 'ed25519:2' }
  const keys = (more: Readonly<Record<string, Partial<VerifyKey>>>): KeyFinder => {
    const known = new Map(Object.entries({ 'ed25519:1': {}, ...more }))
    return (_server, keyId) => {
      const key = known.get(keyId)
      return key && { key: PUBLIC_KEY, validUntilTs: 2_000_000, ...key }
    }
  }

  const signedTwice = async (other: unknown, keyId = SECOND.keyId) => {
    const { json, eventId, rules } = await built()
    const event = JSON.parse(json) as { signatures: Record<string, JsonObject> }
    const domain = { ...event.signatures['domain'], [keyId]: other } as JsonObject
    return trustedPdu({ ...event, signatures: { domain } }, eventId, rules)
  }
  const WRONG = 'A'.repeat(86)

  it.each<[string, unknown, string, Partial<VerifyKey> | undefined, boolean]>([
    // beside a good one,                      signature, key ID,       what is known of that key,  good
    ['a wrong one by a known key', WRONG, 'ed25519:2', {}, false],
    ['one of three bytes by a known key', 'AAAA', 'ed25519:2', {}, false],
    ['no base64 by a known key', '?', 'ed25519:2', {}, false],
    ['a number by a known key', 5, 'ed25519:2', {}, false],
    ['null by a known key', null, 'ed25519:2', {}, false],
    ['a wrong one by an unknown key', WRONG, 'ed25519:2', undefined, true],
    ['a wrong one by a key that expired before', WRONG, 'ed25519:2', { expiredTs: 999_999 }, true],
    ['a wrong one by a key that expired then', WRONG, 'ed25519:2', { expiredTs: 1_000_000 }, false],
    ['a wrong one by a key that nobody vouches for any more', WRONG, 'ed25519:2', { validUntilTs: 5 }, true],
    ['a wrong one of another algorithm', WRONG, 'rsa:2', {}, true],
    ['a wrong one by a key without a name', WRONG, 'ed25519', {}, true],
    ["the policy server's, which is not published", WRONG, 'ed25519:policy_server', undefined, true],
    ['a wrong one by a published key of that name', WRONG, 'ed25519:policy_server', {}, false],
  ])('beside a good one: %s', async (_what, signature, keyId, key, good) => {
    const event = await signedTwice(signature, keyId)
    const verdict = await verifySignatures(event, keys(key === undefined ? {} : { [keyId]: key }))
    expect(verdict.ok).toBe(good)
  })

  it('two good ones are good', async () => {
    const event = await built()
    const twice = trustedPdu(await signEvent(event.json, event.rules, SECOND), event.eventId, event.rules)
    expect(await verifySignatures(twice, keys({ 'ed25519:2': {} }))).toEqual({ ok: true })
  })

  it('a good one does not make up for a bad one and one by an expired key', async () => {
    const event = await signedTwice(WRONG)
    const both = trustedPdu(
      await signEvent(event.json, event.rules, { ...KEY, keyId: 'ed25519:3' }),
      event.eventId,
      event.rules,
    )
    const verdict = await verifySignatures(both, keys({ 'ed25519:2': {}, 'ed25519:3': { expiredTs: 5 } }))
    expect(verdict).toMatchObject({ ok: false, server: 'domain' })
  })

  it.each([
    ['5', true],
    ['4', false],
  ])(
    'a wrong one by an expired key counts where keys do not expire: version %s, good: %s',
    async (version, good) => {
      const { json, eventId, rules } = await built(version)
      const event = JSON.parse(json) as { signatures: Record<string, JsonObject> }
      const domain = { ...event.signatures['domain'], 'ed25519:2': WRONG } as JsonObject
      const twice = trustedPdu({ ...event, signatures: { domain } }, eventId, rules)
      expect((await verifySignatures(twice, keys({ 'ed25519:2': { expiredTs: 5 } }))).ok).toBe(good)
    },
  )

  it('those of a server that need not sign are not looked at', async () => {
    const event = await built()
    const wrong = { ...(JSON.parse(event.json) as JsonObject) }
    const signatures = { ...(wrong['signatures'] as JsonObject), other: { 'ed25519:1': WRONG } }
    const signed = trustedPdu({ ...wrong, signatures }, event.eventId, event.rules)
    expect(await verifySignatures(signed, keys({}))).toEqual({ ok: true })
  })

  // Anybody can sign with it: it was drawn from a random generator that always starts at the same place.
  it.each([
    'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og=',
    'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og',
    'l_O9hxMVKB6Lg-3Hqf0FQQZhVESQcMzbPN1Cz2nM3oj',
  ])('one by the key of ELEMENTSEC-2025-1670 (%s) is never believed', async (refused) => {
    const event = await signedTwice(WRONG)
    const verdict = await verifySignatures(event, keys({ 'ed25519:2': { key: refused } }))
    expect(verdict).toMatchObject({ ok: false, reason: expect.stringContaining('ELEMENTSEC-2025-1670') })
    expect(await verifyJson(event.json, 'domain', 'ed25519:2', refused)).toBe(false)
  })

  it('both servers of a restricted join have to be good throughout', async () => {
    const content = { membership: 'join', join_authorised_via_users_server: '@x:other' }
    const join = await built('10', { type: 'm.room.member', stateKey: '@user:domain', content })
    const other = { ...KEY, server: 'other' }
    const good = await signEvent(join.json, join.rules, other)
    const wrong = JSON.parse(good) as { signatures: { other: Record<string, string> } }
    wrong.signatures.other['ed25519:2'] = WRONG
    const verdicts = [good, JSON.stringify(wrong)].map((json) =>
      verifySignatures(trustedPdu(json, join.eventId, join.rules), keys({ 'ed25519:2': {} })),
    )
    expect(await Promise.all(verdicts)).toMatchObject([{ ok: true }, { ok: false, server: 'other' }])
  })
})

// Rooms version 5: "Servers MUST use the lesser of `valid_until_ts` and 7 days into the future when determining if a key
// is valid": else whoever has stolen a key can have it be good for years.
describe('seven days from now', () => {
  const DAY = 24 * 3_600_000
  const AT = 1_000_000
  const forEver = (key: Partial<VerifyKey> = {}): KeyFinder => {
    return () => ({ key: PUBLIC_KEY, validUntilTs: Number.MAX_SAFE_INTEGER, ...key })
  }

  it.each<[string, number, boolean]>([
    ['5', AT - 7 * DAY, true],
    ['5', AT - 7 * DAY - 1, false],
    ['12', AT - 7 * DAY - 1, false],
    ['12', AT + 1000 * DAY, true],
    // There validity is not asked for.
    ['4', AT - 7 * DAY - 1, true],
  ])('a key ends whatever its server says: version %s, now %i, good: %s', async (version, now, good) => {
    expect((await verifySignatures(await built(version), forEver(), now)).ok).toBe(good)
  })

  it('does not end one sooner that its server says is valid for less, or was in use', async () => {
    const event = await built()
    const find = (key: Partial<VerifyKey>) => verifySignatures(event, forEver(key), AT - 8 * DAY)
    expect((await find({ validUntilTs: AT - DAY })).ok).toBe(false)
    expect((await find({ validUntilTs: 0, expiredTs: AT + 1 })).ok).toBe(true)
  })

  it('has a wrong signature by a key that is not valid any more passed over', async () => {
    const wrong = trustedPdu(
      (await signEvent((await built()).json, rulesOf('10'), { ...KEY, keyId: 'ed25519:2' })).replace(
        /("ed25519:2":")[^"]+/,
        `$1${'A'.repeat(86)}`,
      ),
      '$x',
      rulesOf('10'),
    )
    const find: KeyFinder = (_, keyId) =>
      keyId === KEY.keyId
        ? { key: PUBLIC_KEY, validUntilTs: 0, expiredTs: AT }
        : { key: PUBLIC_KEY, validUntilTs: Number.MAX_SAFE_INTEGER }
    expect((await verifySignatures(wrong, find, AT - 7 * DAY)).ok).toBe(false)
    expect((await verifySignatures(wrong, find, AT - 8 * DAY)).ok).toBe(true)
  })
})

describe('the keys that checking an event takes', () => {
  const signed = (signatures: JsonObject, content: JsonObject = {}) =>
    trustedPdu(
      { ...JSON.parse(member('10', { membership: 'join', ...content }).json), signatures },
      '$x',
      rulesOf('10'),
    )
  const many = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`ed25519:${String(i).padStart(2, '0')}`, 'x']),
    )

  it('are those of the servers that must have signed it, with Ed25519', () => {
    const signatures = { a: { 'ed25519:1': 'x', 'rsa:1': 'x', 'ed25519:2': 5 }, b: { 'ed25519:1': 'x' } }
    expect(neededKeys(signed(signatures))).toEqual([
      { server: 'a', keyId: 'ed25519:1' },
      { server: 'a', keyId: 'ed25519:2' },
    ])
    const authorised = { join_authorised_via_users_server: '@x:b' }
    expect(neededKeys(signed(signatures, authorised)).map(({ server }) => server)).toEqual(['a', 'a', 'b'])
  })

  it.each<[string, JsonObject]>([
    ['are none without signatures', {}],
    ['are none where others signed', { b: { 'ed25519:1': 'x' } }],
    ['are none where signatures are not a map', { a: [] }],
    ['are none where signatures are null', { a: null }],
  ])('%s', (_what, signatures) => expect(neededKeys(signed(signatures))).toEqual([]))

  it('are ten of each server at most', () => {
    const authorised = { join_authorised_via_users_server: '@x:b' }
    const names = neededKeys(signed({ a: many(11), b: many(10) }, authorised))
    expect(names.map(({ server, keyId }) => `${server} ${keyId.slice(-2)}`)).toEqual([
      ...Array.from({ length: 10 }, (_, i) => `a 0${i}`),
      ...Array.from({ length: 10 }, (_, i) => `b 0${i}`),
    ])
  })

  it('and no others are looked for, however many signatures there are', async () => {
    const event = await built()
    const { signatures } = JSON.parse(event.json) as { signatures: Record<string, JsonObject> }
    const good = signatures['domain']?.['ed25519:1'] ?? ''
    for (const [junk, isGood] of [
      [9, true],
      [10, false],
    ] as const) {
      const domain = { ...many(junk), 'ed25519:1': good }
      const json = { ...JSON.parse(event.json), signatures: { domain } }
      const asked: string[] = []
      const verdict = await verifySignatures(
        trustedPdu(json, event.eventId, event.rules),
        (server, keyId) => {
          asked.push(keyId)
          return known(server, keyId)
        },
      )
      expect(verdict.ok).toBe(isGood)
      expect(asked).toHaveLength(10)
    }
  })
})

describe('an event that names nobody who could sign', () => {
  it.each<[string, Pdu]>([
    ['version 2, an event ID without a server', member('2', { membership: 'join' }, '$x')],
    ['a sender without a server', trustedPdu({ type: 'x', sender: '@a' }, '$x', rulesOf('10'))],
    [
      'an authorising user without a server',
      member('10', { membership: 'join', join_authorised_via_users_server: 'x' }),
    ],
  ])('is not signed: %s', async (_what, event) => {
    const signed = trustedPdu(
      await signEvent(event.json, event.rules, { ...KEY, server: 'a' }),
      event.eventId,
      event.rules,
    )
    const verdict = await verifySignatures(signed, () => ({ key: PUBLIC_KEY, validUntilTs: 1 }))
    expect(verdict).toMatchObject({
      ok: false,
      reason: 'the event does not name the servers that must sign it',
    })
  })
})

describe('who must sign', () => {
  it.each<[string, Pdu, string[]]>([
    ['the sender', member('10', { membership: 'invite' }), ['a']],
    [
      'the server that gave the ID, in versions 1 and 2',
      member('2', { membership: 'join' }, '$x:c'),
      ['a', 'c'],
    ],
    [
      'nobody, for an invite by way of a third party',
      member('10', { membership: 'invite', third_party_invite: 1 }),
      [],
    ],
    [
      'the sender, for a join that looks like one',
      member('10', { membership: 'join', third_party_invite: 1 }),
      ['a'],
    ],
    [
      'the authorising server too',
      member('8', { membership: 'join', join_authorised_via_users_server: '@x:d' }),
      ['a', 'd'],
    ],
    [
      'not so before version 8',
      member('7', { membership: 'join', join_authorised_via_users_server: '@x:d' }),
      ['a'],
    ],
    [
      'not so for a leave',
      member('8', { membership: 'leave', join_authorised_via_users_server: '@x:d' }),
      ['a'],
    ],
  ])('%s', (_why, event, servers) => expect(requiredSignatures(event)).toEqual(servers))

  // Else anybody could make another server's user invite someone: add a third_party_invite to a real invite.
  it('the sender, when the third party was added to the event on its way', async () => {
    const event = await built('10', {
      type: 'm.room.member',
      stateKey: '@b:b',
      content: { membership: 'invite' },
    })
    const tampered = event.json.replace('"content":{', '"content":{"third_party_invite":{},')
    const verdict = parsePdu(tampered, event.rules)
    expect(verdict.ok && requiredSignatures(verdict.pdu)).toEqual(['domain'])
  })
})
