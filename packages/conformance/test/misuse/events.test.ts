import {
  authContentLost,
  buildEvent,
  canonicalJson,
  contentHash,
  contentState,
  createKeyFinder,
  eventIdOf,
  eventRef,
  isSameEvent,
  neededKeys,
  parsePdu,
  type Pdu,
  pduFromClientEvent,
  readServerKeys,
  redactClientEvent,
  redactEvent,
  redactJson,
  referenceHash,
  requiredSignatures,
  signEvent,
  signJson,
  trustedPdu,
  verifyJson,
  verifySignatures,
} from '@roomserver/events'
import { describe, expect, it } from 'vitest'
import { type Misuse, refuses, untyped } from './misuse.ts'
import { ALICE, CLIENT_EVENT, DRAFT, KEY, ROOM, V1, V10, V12 } from './room.ts'

const PUBLIC_KEY = { key: 'XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI', validUntilTs: 4e12 }
const built = async (): Promise<Pdu> => {
  const verdict = await buildEvent(DRAFT, V10, KEY)
  if (!verdict.ok) throw new Error(verdict.reason)
  return verdict.pdu
}
const wire = async (): Promise<Record<string, unknown>> =>
  JSON.parse((await built()).json) as Record<string, unknown>
const pdu = await built()

class Topic {
  readonly topic = 'Tea'
}

describe('canonical JSON of what is not JSON', () => {
  const refused = (value: unknown) => () => canonicalJson({ value })
  refuses([
    ['a Date', refused(new Date(0)), 'MALFORMED_EVENT json'],
    ['a Map', refused(new Map([['a', 1]])), 'MALFORMED_EVENT json'],
    ['a Set', refused(new Set([1])), 'MALFORMED_EVENT json'],
    ['bytes', refused(new Uint8Array(2)), 'MALFORMED_EVENT json'],
    ['an ArrayBuffer', refused(new ArrayBuffer(2)), 'MALFORMED_EVENT json'],
    ['a regular expression', refused(/a/), 'MALFORMED_EVENT json'],
    ['an Error', refused(new Error('no')), 'MALFORMED_EVENT json'],
    ['a URL', refused(new URL('https://example.org')), 'MALFORMED_EVENT json'],
    ['a promise', refused(Promise.resolve(1)), 'MALFORMED_EVENT json'],
    ['an object of a class', refused(new Topic()), 'MALFORMED_EVENT json'],
    [
      'an object of a class with a constructor of its own',
      refused(Object.assign(new Topic(), { constructor: null })),
      'MALFORMED_EVENT json',
    ],
    ['a boxed string', refused(Object('a')), 'MALFORMED_EVENT json'],
    ['NaN', refused(NaN), 'MALFORMED_EVENT json'],
    ['Infinity', refused(Infinity), 'MALFORMED_EVENT json'],
    ['a bigint', refused(1n), 'MALFORMED_EVENT json'],
    ['a function', refused(() => 1), 'MALFORMED_EVENT json'],
    ['a symbol', refused(Symbol('a')), 'MALFORMED_EVENT json'],
    ['undefined in a list', refused([undefined]), 'MALFORMED_EVENT json'],
    ['half of a surrogate pair', refused('\ud800'), 'MALFORMED_EVENT json'],
    [
      'a Date in an event whose ID is asked for',
      () => eventIdOf({ type: 'x', content: { at: new Date(0) } }, V1),
      'MALFORMED_EVENT json',
    ],
    [
      'a Map in an event to be redacted',
      () => redactJson({ type: 'x', content: new Map() }, V10),
      'MALFORMED_EVENT json',
    ],
    [
      'NaN in an event to be hashed',
      () => contentHash({ type: 'x', content: { n: NaN } }),
      'MALFORMED_EVENT json',
    ],
  ])

  it('takes plain objects of any realm, and those without a prototype', () => {
    expect(canonicalJson({ a: Object.assign(Object.create(null) as object, { b: 1 }) })).toBe('{"a":{"b":1}}')
  })
})

describe('events in the format of clients', () => {
  const later: readonly Misuse[] = [V10, V12].flatMap((rules): readonly Misuse[] => [
    [
      `eventIdOf, version ${rules.version}`,
      () => eventIdOf(CLIENT_EVENT, rules),
      'MALFORMED_EVENT format.event_id',
    ],
    [
      `referenceHash, version ${rules.version}`,
      () => referenceHash(CLIENT_EVENT, rules),
      'MALFORMED_EVENT format.event_id',
    ],
    [
      `redactJson, version ${rules.version}`,
      () => redactJson(CLIENT_EVENT, rules),
      'MALFORMED_EVENT format.event_id',
    ],
    [
      `signEvent, version ${rules.version}`,
      () => signEvent(CLIENT_EVENT, rules, KEY),
      'MALFORMED_EVENT format.event_id',
    ],
  ])
  refuses([
    ...later,
    ['contentHash', () => contentHash(CLIENT_EVENT), 'MALFORMED_EVENT format.event_id'],
    [
      'contentHash of one of version 1',
      () => contentHash({ ...CLIENT_EVENT, event_id: '$1:a.test' }),
      'MALFORMED_EVENT format.auth_events',
    ],
    [
      'redactJson of one of version 1',
      () => redactJson({ ...CLIENT_EVENT, event_id: '$1:a.test' }, V1),
      'MALFORMED_EVENT format.auth_events',
    ],
    [
      'eventIdOf of an event without an ID, hashes and references',
      () => eventIdOf({ type: 'x', content: {} }, V10),
      'MALFORMED_EVENT format.auth_events',
    ],
    [
      'eventIdOf of an event to which its ID was added',
      async () => eventIdOf({ ...(await wire()), event_id: pdu.eventId }, V10),
      'MALFORMED_EVENT format.event_id',
    ],
    [
      'contentHash of an event to which its ID was added',
      async () => contentHash({ ...(await wire()), event_id: pdu.eventId }),
      'MALFORMED_EVENT format.event_id',
    ],
    // @ts-expect-error -- a Pdu is made of events, not the other way round
    ['redactEvent', () => redactEvent(CLIENT_EVENT), 'INVALID_ARGUMENT event'],
    // @ts-expect-error -- the same
    ['eventRef', () => eventRef(CLIENT_EVENT), 'INVALID_ARGUMENT event'],
    // @ts-expect-error -- the same
    ['verifySignatures', () => verifySignatures(CLIENT_EVENT, () => PUBLIC_KEY), 'INVALID_ARGUMENT event'],
    // @ts-expect-error -- it has to be text
    ['parsePdu', () => parsePdu(CLIENT_EVENT, V10), 'INVALID_ARGUMENT input'],
    [
      'pduFromClientEvent without a room',
      () => pduFromClientEvent({ ...CLIENT_EVENT, room_id: undefined }, { version: '10' }),
      'INVALID_ARGUMENT roomId',
    ],
    [
      'pduFromClientEvent of another room',
      () => pduFromClientEvent(CLIENT_EVENT, { version: '10', roomId: '!other:a.test' }),
      'INVALID_ARGUMENT event',
    ],
    [
      'pduFromClientEvent of a federation event',
      async () => pduFromClientEvent(untyped(await wire()), { version: '10' }),
      'INVALID_ARGUMENT event.event_id',
    ],
    [
      'pduFromClientEvent of an unknown version',
      () => pduFromClientEvent(CLIENT_EVENT, { version: '99' }),
      'UNSUPPORTED_ROOM_VERSION 99',
    ],
    [
      'redactClientEvent of a Pdu',
      () => redactClientEvent(untyped(pdu), '10'),
      'INVALID_ARGUMENT event.event_id',
    ],
    [
      'redactClientEvent without a version',
      // @ts-expect-error -- the version is missing
      () => redactClientEvent(CLIENT_EVENT),
      'INVALID_ARGUMENT version',
    ],
    [
      'pduFromClientEvent of the create event of another room of version 12',
      () =>
        pduFromClientEvent(
          { ...CLIENT_EVENT, type: 'm.room.create', state_key: '', room_id: '!other' },
          { version: '12' },
        ),
      'INVALID_ARGUMENT event',
    ],
  ])
})

describe('Pdus and events taken for one another', () => {
  refuses([
    // @ts-expect-error -- a Pdu is not the event
    ['trustedPdu of a Pdu', () => trustedPdu(pdu, pdu.eventId, V10), 'MALFORMED_EVENT json'],
    // @ts-expect-error -- the same
    ['eventIdOf a Pdu', () => eventIdOf(pdu, V10), 'MALFORMED_EVENT json'],
    // @ts-expect-error -- the ID comes second
    ['trustedPdu without an ID', () => trustedPdu(pdu.json, V10), 'INVALID_ARGUMENT eventId'],
    [
      'trustedPdu with the name of a version',
      // @ts-expect-error -- the name of a version is not its rules
      () => trustedPdu(pdu.json, pdu.eventId, '10'),
      'INVALID_ARGUMENT rules',
    ],
    // @ts-expect-error -- the same
    ['parsePdu with the name of a version', () => parsePdu(pdu.json, '10'), 'INVALID_ARGUMENT rules'],
    // @ts-expect-error -- the same
    ['eventIdOf with the name of a version', () => eventIdOf(pdu.json, '10'), 'INVALID_ARGUMENT rules'],
    ['parsePdu of nothing', () => parsePdu(untyped(undefined), V10), 'INVALID_ARGUMENT input'],
    // @ts-expect-error -- the rules are missing
    ['eventIdOf without rules', () => eventIdOf(pdu.json), 'INVALID_ARGUMENT rules'],
    // @ts-expect-error -- the same
    ['referenceHash without rules', () => referenceHash(pdu.json), 'INVALID_ARGUMENT rules'],
    // @ts-expect-error -- the same
    ['redactJson without rules', () => redactJson(pdu.json), 'INVALID_ARGUMENT rules'],
    // @ts-expect-error -- the same
    ['contentState without rules', () => contentState(pdu.json), 'INVALID_ARGUMENT rules'],
    // @ts-expect-error -- the same
    ['authContentLost without rules', () => authContentLost(pdu.json), 'INVALID_ARGUMENT rules'],
    [
      'requiredSignatures of a client event',
      // @ts-expect-error -- a client event is not a Pdu
      () => requiredSignatures(CLIENT_EVENT),
      'INVALID_ARGUMENT event',
    ],
    // @ts-expect-error -- the same
    ['neededKeys of a client event', () => neededKeys(CLIENT_EVENT), 'INVALID_ARGUMENT event'],
    // @ts-expect-error -- the same
    ['isSameEvent of an event and nothing', () => isSameEvent(pdu), 'INVALID_ARGUMENT b'],
    // @ts-expect-error -- the same
    ['isSameEvent of a client event', () => isSameEvent(CLIENT_EVENT, pdu), 'INVALID_ARGUMENT a'],
    [
      'pduFromClientEvent without a context',
      // @ts-expect-error -- the version is missing
      () => pduFromClientEvent(CLIENT_EVENT),
      'INVALID_ARGUMENT version',
    ],
    [
      'redactClientEvent because of an ID',
      // @ts-expect-error -- an ID is not an event
      () => redactClientEvent(CLIENT_EVENT, '10', '$redaction'),
      'INVALID_ARGUMENT because',
    ],
    ['a list as an event', () => contentHash(untyped([])), 'MALFORMED_EVENT json'],
  ])
})

describe('signing', () => {
  const edited = async () => ({ ...(await wire()), content: { body: 'goodbye' } })
  refuses([
    [
      'signEvent of an event that was changed',
      async () => signEvent(await edited(), V10, KEY),
      'MALFORMED_EVENT hashes',
    ],
    ['signJson of an event', async () => signJson(await wire(), KEY), 'INVALID_ARGUMENT object'],
    [
      'verifyJson of an event',
      async () => verifyJson(await wire(), 'a.test', 'ed25519:1', PUBLIC_KEY.key),
      'INVALID_ARGUMENT object',
    ],
    ['a seed that is too short', () => signJson({}, { ...KEY, seed: 'AAAA' }), 'INVALID_ARGUMENT key.seed'],
    ['a key without a name', () => signJson({}, { ...KEY, keyId: 'auto' }), 'INVALID_ARGUMENT key.keyId'],
    ['the key of a user', () => signJson({}, { ...KEY, server: ALICE }), 'INVALID_ARGUMENT key.server'],
    // @ts-expect-error -- a seed is not a key
    ['a seed for a key', () => signEvent(pdu.json, V10, KEY.seed), 'INVALID_ARGUMENT key.server'],
    [
      'buildEvent with a Date',
      () => buildEvent({ ...DRAFT, originServerTs: untyped(new Date(0)) }, V10, KEY),
      'MALFORMED_EVENT json',
    ],
    [
      'buildEvent without references',
      // @ts-expect-error -- the references are missing
      () => buildEvent({ ...DRAFT, prevEvents: undefined }, V10, KEY),
      'INVALID_ARGUMENT draft.prevEvents',
    ],
    [
      'buildEvent with IDs for references',
      // @ts-expect-error -- an ID is not a reference
      () => buildEvent({ ...DRAFT, authEvents: ['$create'] }, V10, KEY),
      'INVALID_ARGUMENT draft.authEvents',
    ],
    [
      'buildEvent without a sender',
      // @ts-expect-error -- no sender
      () => buildEvent({ ...DRAFT, sender: undefined }, V10, KEY),
      'INVALID_ARGUMENT draft.sender',
    ],
  ])

  it('refuses to build an event of a user of another server than the key', async () => {
    const verdict = await buildEvent({ ...DRAFT, sender: '@bob:b.test' }, V10, KEY)
    expect(verdict).toMatchObject({ ok: false, rule: 'build.sender' })
  })

  it('adds the content hash to an event that has none', async () => {
    const { hashes: _, signatures: __, ...draft } = await wire()
    expect(parsePdu(await signEvent(draft, V10, KEY), V10)).toMatchObject({
      ok: true,
      contentHashMatches: true,
    })
  })

  it('signs a redacted event, whose content hash is that of what was redacted', async () => {
    const signed = await signEvent(redactEvent(pdu).json, V10, { ...KEY, server: 'b.test' })
    expect(JSON.parse(signed)).toMatchObject({ signatures: { 'a.test': {}, 'b.test': {} } })
  })
})

describe('verifying', () => {
  refuses([
    [
      'a finder that gives something else',
      () => verifySignatures(pdu, () => untyped('key')),
      'INVALID_ARGUMENT findKey',
    ],
    [
      'a finder that gives a key without times',
      () => verifySignatures(pdu, () => untyped({ key: PUBLIC_KEY.key })),
      'INVALID_ARGUMENT findKey',
    ],
    // @ts-expect-error -- a Map is not a function
    ['a Map for a finder', () => verifySignatures(pdu, new Map()), 'INVALID_ARGUMENT findKey'],
    [
      'a Date for the time',
      () => verifySignatures(pdu, () => PUBLIC_KEY, untyped(new Date(0))),
      'INVALID_ARGUMENT now',
    ],
    // @ts-expect-error -- the function is missing
    ['a key finder that cannot fetch', () => createKeyFinder({}), 'INVALID_ARGUMENT fetchKeys'],
    // @ts-expect-error -- the options are missing
    ['a key finder without options', () => createKeyFinder(), 'INVALID_ARGUMENT fetchKeys'],
    ['keys of a user', () => readServerKeys('{}', ALICE, 0), 'INVALID_ARGUMENT server'],
    ['keys at no time', () => readServerKeys('{}', 'a.test', untyped(undefined)), 'INVALID_ARGUMENT now'],
    // @ts-expect-error -- three texts are needed
    ['verifyJson without a key', () => verifyJson({}, 'a.test', 'ed25519:1'), 'INVALID_ARGUMENT publicKey'],
  ])

  it('does not find the signatures of an event good whose content was changed', async () => {
    const changed = trustedPdu({ ...(await wire()), content: { body: 'goodbye' } }, pdu.eventId, V10)
    expect(await verifySignatures(changed, () => PUBLIC_KEY)).toMatchObject({
      ok: false,
      server: 'a.test',
      reason: expect.stringContaining('content hash'),
    })
    expect(await verifySignatures(redactEvent(changed), () => PUBLIC_KEY)).toEqual({ ok: true })
  })

  it('waits for a finder that has to fetch the key', async () => {
    expect(await verifySignatures(pdu, async () => PUBLIC_KEY)).toEqual({ ok: true })
  })

  it('takes an event of /sync where the room is given', () => {
    const { room_id: _, ...fromSync } = CLIENT_EVENT
    expect(pduFromClientEvent(fromSync, { version: '10', roomId: ROOM })).toMatchObject({ roomId: ROOM })
  })
})
