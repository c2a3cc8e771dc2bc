import { isFailure, type JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { built, KEY, PUBLIC_KEY } from '../test/fixture-events.ts'
import { createKeyFinder } from './key-finder.ts'
import { readServerKeys } from './server-keys.ts'
import { signJson } from './signed-json.ts'
import { KEY_VALIDITY_CAP_MS, verifySignatures } from './verify-signatures.ts'

const NOW = 1_000_000
const DAY_MS = 24 * 3_600_000

async function published(changes: JsonObject = {}, keyId = KEY.keyId, signer = 'domain'): Promise<string> {
  const keys = {
    server_name: 'domain',
    valid_until_ts: NOW + DAY_MS,
    verify_keys: { [KEY.keyId]: { key: PUBLIC_KEY } },
    old_verify_keys: { 'ed25519:0': { key: PUBLIC_KEY, expired_ts: 5 } },
    ...changes,
  }
  const signature = await signJson(keys, KEY)
  return JSON.stringify({ ...keys, signatures: { [signer]: { [keyId]: signature } } })
}

describe('readServerKeys', () => {
  it('gives the keys in use and the old ones', async () => {
    const verdict = await readServerKeys(await published(), 'domain', NOW)
    if (!verdict.ok) throw new Error(verdict.reason)
    expect(verdict.keys.keys).toEqual(
      new Map([
        ['ed25519:0', { key: PUBLIC_KEY, validUntilTs: 0, expiredTs: 5 }],
        ['ed25519:1', { key: PUBLIC_KEY, validUntilTs: NOW + DAY_MS }],
      ]),
    )
  })

  it('believes no key for longer than 7 days, whatever its server says', async () => {
    const verdict = await readServerKeys(await published({ valid_until_ts: 9e15 }), 'domain', NOW)
    expect(verdict.ok && verdict.keys.validUntilTs).toBe(NOW + KEY_VALIDITY_CAP_MS)
  })

  it.each([
    ['another server', () => published({ server_name: 'evil' })],
    ['no time', () => published({ valid_until_ts: 'soon' })],
    ['a signature with a key that it does not list', () => published({}, 'ed25519:9')],
    ['a changed answer', async () => (await published()).replace(`${NOW + DAY_MS}`, '9000000')],
    ['no keys', () => published({ verify_keys: {} })],
    [
      'a key that everybody has',
      () =>
        published({ verify_keys: { [KEY.keyId]: { key: 'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og' } } }),
    ],
    ['no JSON', async () => 'no'],
    ['a list', async () => '[]'],
  ])('does not believe an answer with %s', async (_what, document) => {
    expect(await readServerKeys(await document(), 'domain', NOW)).toMatchObject({ ok: false })
  })
})

describe('createKeyFinder', () => {
  const finder = (answers: readonly (string | Error)[], clock = { now: NOW }) => {
    const asked: string[] = []
    const findKey = createKeyFinder({
      fetchKeys: async (server) => {
        const found = answers[Math.min(asked.push(server), answers.length) - 1]
        if (found instanceof Error || found === undefined) throw found ?? new Error('nothing')
        return found
      },
      now: () => clock.now,
      maxServers: 2,
    })
    return { asked, clock, findKey }
  }

  it('verifies events with keys that are fetched once', async () => {
    const { asked, findKey } = finder([await published()])
    const events = await Promise.all([built(), built('5'), built('1')])
    for (const event of events) expect(await verifySignatures(event, findKey, NOW)).toEqual({ ok: true })
    await Promise.all(['ed25519:1', 'ed25519:0'].map((keyId) => findKey('domain', keyId)))
    expect(asked).toEqual(['domain'])
  })

  it('keeps the keys of as many servers as it may, those that were asked last', async () => {
    const servers = ['a', 'b', 'a', 'b', 'c', 'b', 'a']
    const of = (name: string) => published({ server_name: name }, KEY.keyId, name)
    const { asked, findKey } = finder(await Promise.all(['a', 'b', 'c', 'a'].map(of)))
    for (const server of servers) expect(await findKey(server, KEY.keyId), server).toBeDefined()
    expect(asked).toEqual(['a', 'b', 'c', 'a'])
  })

  it('counts a server whose keys were asked for again as the last one', async () => {
    const clock = { now: NOW }
    const of = (name: string) => published({ server_name: name }, KEY.keyId, name)
    const { asked, findKey } = finder(await Promise.all(['a', 'b', 'a', 'c'].map(of)), clock)
    for (const server of ['a', 'b']) await findKey(server, KEY.keyId)
    clock.now += 60_000
    // A key that it does not know.
    await findKey('a', 'ed25519:7')
    await findKey('c', KEY.keyId)
    await findKey('a', KEY.keyId)
    expect(asked).toEqual(['a', 'b', 'a', 'c'])
  })

  it('asks again when half of the validity is over, and for a key that it does not know, not too often', async () => {
    const { asked, clock, findKey } = finder([await published()])
    await findKey('domain', 'ed25519:1')
    expect(await findKey('domain', 'ed25519:7')).toBeUndefined()
    expect(asked).toHaveLength(1)
    clock.now += 60_000
    expect(await findKey('domain', 'ed25519:7')).toBeUndefined()
    expect(asked).toHaveLength(2)
    clock.now += DAY_MS / 2
    await findKey('domain', 'ed25519:1')
    expect(asked).toHaveLength(3)
  })

  it('fails where keys cannot be fetched or are not believed, instead of calling events unsigned', async () => {
    const unreachable = finder([new Error('unreachable')])
    await expect(verifySignatures(await built(), unreachable.findKey, NOW)).rejects.toThrow('unreachable')
    const lying = finder([await published({ server_name: 'evil' })])
    const failure: unknown = await lying
      .findKey('domain', 'ed25519:1')
      .then(undefined, (error: unknown) => error)
    expect(isFailure(failure, 'COMPONENT_FAILED')).toBe(true)
  })

  it('goes on with what it knows while a server is away, and keeps the first key of a name', async () => {
    const other = 'bF0bEmm2eBhz7x3cGm4y7dcHn3qnXo9V5mYKnbD3Ufk'
    const { clock, findKey } = finder([await published(), new Error('away')])
    await findKey('domain', 'ed25519:1')
    clock.now += DAY_MS
    expect(await findKey('domain', 'ed25519:1')).toMatchObject({ key: PUBLIC_KEY })
    const swapped = finder([
      await published(),
      await published({ old_verify_keys: { 'ed25519:0': { key: other, expired_ts: 9 } } }),
    ])
    await swapped.findKey('domain', 'ed25519:1')
    swapped.clock.now += DAY_MS
    await swapped.findKey('domain', 'ed25519:1')
    expect(await swapped.findKey('domain', 'ed25519:0')).toMatchObject({ key: PUBLIC_KEY })
  })

  it('asks nobody about a name that is not a server’s', async () => {
    const { asked, findKey } = finder([await published()])
    expect(await findKey('not a server/', 'ed25519:1')).toBeUndefined()
    expect(asked).toEqual([])
  })
})
