import type { JsonObject } from '@roomserver/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { built, rulesOf, STABLE_VERSIONS, wireObject } from '../test/fixture-events.ts'
import { parsePdu } from './parse-pdu.ts'

const parse = (event: unknown, version = '10') => parsePdu(JSON.stringify(event), rulesOf(version))
const faultOf = (event: unknown, version = '10') => {
  const verdict = parse(event, version)
  return verdict.ok ? 'none' : verdict.rule
}

describe('an event', () => {
  it('has its members at hand', async () => {
    const event = await wireObject('10', { type: 'm.room.topic', stateKey: '', content: { topic: 'x' } })
    const verdict = parse({ ...event, unsigned: { age: 5 } })
    expect(verdict).toMatchObject({
      ok: true,
      contentHashMatches: true,
      pdu: {
        roomId: '!room:domain',
        type: 'm.room.topic',
        stateKey: '',
        sender: '@user:domain',
        depth: 12,
        originServerTs: 1_000_000,
        prevEvents: ['$previous'],
        authEvents: ['$create'],
        redacts: undefined,
        content: { topic: 'x' },
        rules: { version: '10' },
      },
    })
    expect(verdict.ok && verdict.pdu.json).toContain('"unsigned":{"age":5}')
    expect(verdict.ok && verdict.pdu.eventId).toMatch(/^\$[\w-]{43}$/)
  })

  it.each(STABLE_VERSIONS)(
    'built for room version %s is a good one, from text and from bytes',
    async (version) => {
      const { json, eventId } = await built(version)
      const verdict = parsePdu(json, rulesOf(version))
      expect(verdict).toMatchObject({ ok: true, contentHashMatches: true, pdu: { eventId, json } })
      expect(parsePdu(new TextEncoder().encode(json), rulesOf(version))).toEqual(verdict)
    },
  )

  it('whose content was changed on its way comes redacted, under the same ID', async () => {
    const { eventId, json } = await built()
    const verdict = parsePdu(json.replace('größe', 'kleine'), rulesOf('10'))
    expect(verdict).toMatchObject({ ok: true, contentHashMatches: false, pdu: { eventId, content: {} } })
  })

  // The hash is opaque after decoding. A server that compared texts redacted events which all others took whole: an
  // m.room.server_acl became one that lets nobody in.
  it.each([
    ['as it should be', (hash: string) => hash, true],
    ['with unused bits set at its end', (hash: string) => hash.slice(0, -1) + nextInAlphabet(hash), true],
    ['with padding', (hash: string) => `${hash}=`, true],
    ['in the URL-safe alphabet', () => '-'.repeat(43), false],
    [
      'of which a byte is wrong',
      (hash: string) => `${hash.startsWith('A') ? 'B' : 'A'}${hash.slice(1)}`,
      false,
    ],
    ['too short', (hash: string) => hash.slice(0, -1), false],
    ['too long', (hash: string) => `${hash}AA`, false],
    ['with a line break', (hash: string) => `${hash}\n`, false],
    ['that is not base64', () => 'größe', false],
  ])('with a content hash %s', async (_how, written, matches) => {
    const event = await wireObject()
    const { sha256 } = event['hashes'] as { sha256: string }
    const verdict = parse({ ...event, hashes: { sha256: written(sha256) } })
    expect(verdict).toMatchObject({ ok: true, contentHashMatches: matches })
  })

  it('whose hashes have other algorithms beside keeps its content, whatever those say', async () => {
    const event = await wireObject()
    const { sha256 } = event['hashes'] as { sha256: string }
    for (const hashes of [
      { sha256, sha512: 'x' },
      { md5: 5, sha256 },
      { sha256, zzz: null },
    ]) {
      expect(parse({ ...event, hashes })).toMatchObject({ ok: true, contentHashMatches: true })
    }
    const verdict = parse({ ...event, hashes: { sha256: 'x', sha512: sha256 } })
    expect(verdict).toMatchObject({ ok: true, contentHashMatches: false })
  })

  it('gives a version 12 room its ID, the create event being the one without', async () => {
    const create = { type: 'm.room.create', stateKey: '', prevEvents: [], authEvents: [] }
    const { eventId, roomId } = await built('12', { ...create, roomId: undefined })
    expect(roomId).toBe(`!${eventId.slice(1)}`)
  })

  it.each([
    ['10', { redacts: '$other', content: { redacts: '$not this' } }, '$other'],
    ['11', { redacts: '$other', content: { reason: 'spam' } }, '$other'],
  ])('of room version %s says what it redacts', async (version, changes, redacts) => {
    expect((await built(version, { type: 'm.room.redaction', ...changes })).redacts).toBe(redacts)
    expect((await built(version, { type: 'm.room.message', ...changes })).redacts).toBeUndefined()
  })

  it('of an old room version keeps a depth and numbers that no double holds', async () => {
    const { json } = await built('5')
    const text = json.replace('"depth":12', '"depth":9223372036854775807')
    expect(parsePdu(text, rulesOf('5'))).toMatchObject({
      ok: true,
      pdu: { json: expect.stringContaining('75807'), depth: Number.MAX_SAFE_INTEGER },
    })
    expect(parsePdu(text.replace('75807', '75808'), rulesOf('5'))).toMatchObject({ rule: 'format.depth' })
  })
})

/** The character after the last one of a hash; both say the same four bits. */
function nextInAlphabet(hash: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return alphabet.charAt(alphabet.indexOf(hash.slice(-1)) + 1)
}

const id = (bytes: number) => `@${'x'.repeat(bytes - 8)}:domain`
const ids = (count: number) => Array.from({ length: count }, (_, i) => `$${i}`)
const pairs = (count: number) => ids(count).map((each) => [`${each}:domain`, { sha256: 'x' }])

describe('what is not an event', () => {
  it.each<[string, JsonObject]>([
    ['none', {}],
    ['none', { signatures: undefined }],
    ['none', { sender: id(255), state_key: 'x'.repeat(255), type: 'é'.repeat(127) }],
    ['none', { prev_events: ids(20), auth_events: ids(10) }],
    ['none', { prev_events: [], auth_events: [], depth: 0, origin_server_ts: 0 }],
    ['none', { origin: 'x', something: { else: [null] } }],
    ['format.sender', { sender: id(256) }],
    ['format.sender', { sender: 'user:domain' }],
    ['format.sender', { sender: '@user' }],
    ['format.sender', { sender: '@user:not a server' }],
    ['format.sender', { sender: null }],
    ['format.sender', { sender: '@u\0:domain' }],
    ['format.sender', { sender: '@u:[1:2:3]' }],
    ['none', { sender: '@u u:domain' }],
    ['format.room_id', { room_id: `!${'x'.repeat(250)}:dom` + 'ain' }],
    ['format.room_id', { room_id: 'room' }],
    ['format.room_id', { room_id: undefined }],
    ['format.room_id', { room_id: '!x\0:domain' }],
    ['format.state_key', { state_key: 'x'.repeat(256) }],
    ['format.state_key', { state_key: 'é'.repeat(128) }],
    ['format.state_key', { state_key: null }],
    ['format.type', { type: undefined }],
    ['format.type', { type: 5 }],
    ['format.type', { type: 'x'.repeat(256) }],
    ['format.event_id', { event_id: '$x:domain' }],
    ['format.depth', { depth: undefined }],
    ['format.depth', { depth: -1 }],
    ['format.depth', { depth: '5' }],
    ['format.origin_server_ts', { origin_server_ts: undefined }],
    ['format.origin_server_ts', { origin_server_ts: '5' }],
    ['format.content', { content: undefined }],
    ['format.content', { content: [] }],
    ['format.hashes', { hashes: 'x' }],
    // Synapse and ruma refuse such an event; gomatrixserverlib redacts it.
    ['format.hashes', { hashes: {} }],
    ['format.hashes', { hashes: { sha256: null } }],
    ['format.hashes', { hashes: { sha256: 5 } }],
    ['format.hashes', { hashes: { sha256: {} } }],
    ['none', { hashes: { sha256: '' } }],
    ['format.signatures', { signatures: [] }],
    // Synapse and gomatrixserverlib cannot read such an event.
    ['format.signatures', { signatures: { b: 'x' } }],
    ['format.signatures', { signatures: { b: [] } }],
    ['format.signatures', { signatures: { b: null } }],
    ['format.signatures', { signatures: { b: { k: {} } } }],
    ['format.signatures', { signatures: { domain: { 'ed25519:1': 'AAAA', unknown: 5 } } }],
    ['none', { signatures: { b: {}, c: { whatever: 'not base64' } } }],
    ['format.unsigned', { unsigned: null }],
    ['format.prev_events', { prev_events: ids(21) }],
    ['format.prev_events', { prev_events: undefined }],
    ['format.prev_events', { prev_events: {} }],
    ['format.prev_events', { prev_events: [['$x:domain', { sha256: 'abc' }]] }],
    ['format.auth_events', { auth_events: ids(11) }],
    ['format.auth_events', { auth_events: [null] }],
    ['json', { content: { n: 1.5 } }],
    ['json', { depth: 2 ** 53 }],
    ['format.size', { content: { body: 'x'.repeat(65_536) } }],
  ])('%s: %j', async (rule, changes) => {
    expect(faultOf({ ...(await wireObject()), ...changes })).toBe(rule)
  })

  it.each([
    ['none', { prev_events: [['$x:domain', {}]] }],
    ['format.prev_events', { prev_events: ['$x:domain'] }],
    ['format.prev_events', { prev_events: [['$x:domain']] }],
    ['format.auth_events', { auth_events: [[]] }],
    ['format.prev_events', { prev_events: [null] }],
    ['format.auth_events', { auth_events: [['$x:domain', {}], null] }],
    ['format.prev_events', { prev_events: [5] }],
    ['format.prev_events', { prev_events: [{}] }],
    ['format.prev_events', { prev_events: [['$x:domain', {}, {}]] }],
    ['format.auth_events', { auth_events: [['$x:domain', {}, null]] }],
    ['format.prev_events', { prev_events: [[null, {}]] }],
    ['format.prev_events', { prev_events: [['$x:domain', null]] }],
    ['format.auth_events', { auth_events: [['$x:domain', []]] }],
    ['format.auth_events', { auth_events: [['$x:domain', 'x']] }],
    ['none', { prev_events: pairs(20), auth_events: pairs(10) }],
    ['format.prev_events', { prev_events: pairs(21) }],
    ['format.auth_events', { auth_events: pairs(11) }],
    // Synapse and gomatrixserverlib cannot read such a reference.
    ['format.prev_events', { prev_events: [['$x:domain', { sha256: 5 }]] }],
    ['format.auth_events', { auth_events: [['$x:domain', { sha256: null }]] }],
    ['none', { prev_events: [['$x:domain', { sha256: 'not base64' }]] }],
    ['format.event_id', { event_id: undefined }],
    ['format.event_id', { event_id: `$${'x'.repeat(255)}` }],
    ['format.event_id', { event_id: 'x:domain' }],
    ['format.event_id', { event_id: '@x:domain' }],
    ['format.event_id', { event_id: '$x:not a server' }],
    ['format.event_id', { event_id: '$\0:domain' }],
    ['none', { event_id: '$x' }],
    ['none', { content: { n: 1.5, m: 1e30 } }],
  ])('%s in room version 1: %j', async (rule, changes) => {
    expect(faultOf({ ...(await wireObject('1')), ...changes }, '1')).toBe(rule)
  })

  it('the create event referenced where the room ID names it already', async () => {
    const event = await wireObject('12')
    const create = `$${(event['room_id'] as string).slice(1)}`
    expect(faultOf({ ...event, auth_events: [create] }, '12')).toBe('format.auth_events')
  })

  it('a create event that says a room ID which is none, where its own ID is the ID of the room', async () => {
    const { room_id: _, ...event } = await wireObject('12')
    const create = { ...event, type: 'm.room.create', state_key: '', prev_events: [], auth_events: [] }
    expect(faultOf(create, '12')).toBe('none')
    for (const room_id of [5, null, '', 'room', `!${'x'.repeat(255)}`])
      expect(faultOf({ ...create, room_id }, '12'), JSON.stringify(room_id)).toBe('format.room_id')
  })

  it('65,536 bytes fit, one more does not: what counts is bytes of canonical form', async () => {
    const event = await wireObject()
    const room = 65_536 - new TextEncoder().encode((await built()).json).length - '"x":"",'.length
    const sized = (bytes: number) => ({ ...event, x: 'é'.repeat(bytes / 2) + 'x'.repeat(bytes % 2) })
    expect(faultOf(sized(room))).toBe('none')
    expect(faultOf(sized(room + 1))).toBe('format.size')
    expect(parsePdu(JSON.stringify(sized(room), undefined, 2), rulesOf('10')).ok).toBe(true)
    expect(parsePdu(' '.repeat(2_000_000), rulesOf('10'))).toMatchObject({ rule: 'format.size' })
  })
})

describe('any bytes', () => {
  const names = `type sender room_id event_id state_key content depth hashes signatures unsigned redacts
    prev_events auth_events origin_server_ts __proto__ constructor toString`
  const members = fc.constantFrom(...names.split(/\s+/))
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('m.room.member', 'm.room.create', 'm.room.power_levels', 'm.room.redaction', '__proto__'),
  )

  it('get a verdict and never an exception', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom(...STABLE_VERSIONS),
        (bytes, version) => {
          expect(parsePdu(bytes, rulesOf(version))).toHaveProperty('ok')
        },
      ),
    )
  })

  it('get one when an event has any members whatever, and its members can be read', async () => {
    const event = await wireObject()
    fc.assert(
      fc.property(
        fc.array(fc.tuple(members, odd)),
        fc.constantFrom(...STABLE_VERSIONS),
        (changes, version) => {
          const verdict = parse({ ...event, ...Object.fromEntries(changes) }, version)
          if (verdict.ok) expect([verdict.pdu.content, verdict.pdu.redacts]).toHaveLength(2)
          else expect(verdict.reason).not.toBe('')
        },
      ),
    )
  })

  it('get one when the hash is full of padding', async () => {
    const event = await wireObject()
    const verdict = parse({ ...event, hashes: { sha256: `${'='.repeat(60_000)}x` } })
    expect(verdict).toMatchObject({ ok: true, contentHashMatches: false })
  })

  it('get one when they nest 100,000 deep', async () => {
    const { json } = await built()
    const deep = json.replace('"body"', `"deep":${'['.repeat(100_000)}${']'.repeat(100_000)},"body"`)
    expect(parsePdu(deep, rulesOf('10'))).toMatchObject({ ok: false, rule: 'json' })
  })
})
