import { expect, it } from 'vitest'
import { defineRoomVersion } from './define-room-version.ts'
import { derive, ROOM_VERSIONS, roomVersion, type RoomVersionRules, v1, v11, v12 } from './rules.ts'

const own = (version: string, changes: Parameters<typeof derive>[2] = {}) =>
  derive(v12, version, { stability: 'unstable', ...changes })

/** Rules as callers without types make them. */
const untyped = (rules: unknown): RoomVersionRules => rules as RoomVersionRules

const refusal = (argument: string, expected: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { argument, expected } }) as Error

it('makes a version known that nobody can change', () => {
  const rules = own('org.test.known', { auth: { notificationLevelsGuarded: false } })
  expect(roomVersion('org.test.known')).toBeUndefined()
  const known = defineRoomVersion(rules)
  expect(known).toEqual(rules)
  expect(roomVersion('org.test.known')).toBe(known)
  for (const part of [known, known.auth, known.redaction]) expect(Object.isFrozen(part)).toBe(true)
  expect(ROOM_VERSIONS.has('org.test.known')).toBe(false)
})

it('takes the same rules again, in whatever order their members are, and no others', () => {
  const rules = own('org.test.again')
  const known = defineRoomVersion(rules)
  expect(defineRoomVersion({ ...rules })).toBe(known)
  const reversed = (part: object) => Object.fromEntries(Object.entries(part).toReversed())
  const other = { ...reversed(rules), auth: reversed(rules.auth), redaction: reversed(rules.redaction) }
  expect(defineRoomVersion(untyped(other))).toBe(known)
  const refused = refusal('version', 'a name that has no other rules yet, not org.test.again')
  for (const changes of [
    { stability: 'stable' },
    { auth: { knocking: false, knockRestrictedJoins: false } },
  ] as const)
    expect(() => defineRoomVersion(own('org.test.again', changes))).toThrow(refused)
  expect(roomVersion('org.test.again')).toBe(known)
})

const NAME = 'a name of at most 32 characters: a to z, digits, dots and hyphens'

it.each<readonly [string, unknown, string]>([
  ['no name', undefined, NAME],
  ['a number', 13, NAME],
  ['a name in a list', ['org.test.list'], NAME],
  ['an empty name', '', NAME],
  ['33 characters', 'a'.repeat(33), NAME],
  ['upper case', 'org.Test', NAME],
  ['a line behind it', 'org.test\n', NAME],
  ['a name of the specification', '12', 'a name of your own such as org.example.12: 12 is taken'],
  [
    'a name that the specification may use',
    '13.1',
    'a name of your own such as org.example.13.1: 13.1 is taken',
  ],
])('refuses %s as a name', (_what, version, expected) => {
  const rules = untyped({ ...own('org.test.name'), version })
  expect(() => defineRoomVersion(rules)).toThrow(refusal('version', expected))
})

it('takes a name of 32 characters', () => {
  const name = `org-${'7'.repeat(28)}`
  expect(defineRoomVersion(own(name)).version).toBe(name)
})

it.each<readonly [string, unknown, string, string]>([
  ['a member that there is not', { knocking: true }, 'rules.knocking', 'no such member'],
  ['one within another', { auth: { ...v12.auth, knock: true } }, 'rules.auth.knock', 'no such member'],
  ['a member of another type', { strictJson: 'yes' }, 'rules.strictJson', 'a boolean'],
  ['no section', { auth: undefined }, 'rules.auth', 'a object'],
  ['nothing as a section', { redaction: null }, 'rules.redaction', 'a object'],
  ['a member left out of a section', { auth: {} }, 'rules.auth.redactionNeedsPowerOrSameDomain', 'a boolean'],
  ['a word that is none', { eventId: 'uuid' }, 'rules.eventId', 'domain or hash-base64 or hash-base64url'],
  [
    'such a word in a section',
    { auth: { ...v12.auth, creator: 'x' } },
    'rules.auth.creator',
    'content or sender',
  ],
])('refuses %s', (_what, changes, argument, expected) => {
  const rules = untyped({ ...own('org.test.members'), ...(changes as object) })
  expect(() => defineRoomVersion(rules)).toThrow(refusal(argument, expected))
})

const BY_HASH = { eventId: 'hash-base64url', eventRefs: 'id' } as const
const BY_AUTHOR = { eventId: 'domain', eventRefs: 'id-and-hash' } as const
const NO_CREATORS = { auth: { creatorsOutrankAll: false } } as const

it.each<readonly [string, RoomVersionRules, string | undefined]>([
  ['rooms named after events that authors name', own('org.test.fit', BY_AUTHOR), 'rules.eventId'],
  ['rooms and events named by authors', derive(v1, 'org.test.fit-1', BY_AUTHOR), undefined],
  [
    'rooms named by authors, events by hashes',
    own('org.test.fit-2', { ...BY_HASH, roomId: 'domain', stateResolution: 'v2', ...NO_CREATORS }),
    undefined,
  ],
  ['hashes beside IDs that are hashes', own('org.test.fit', { eventRefs: 'id-and-hash' }), 'rules.eventRefs'],
  ['no hashes beside IDs of authors', derive(v1, 'org.test.fit', { eventRefs: 'id' }), 'rules.eventRefs'],
  [
    'creators above levels that may be texts',
    own('org.test.fit', { auth: { integerPowerLevels: false } }),
    'rules.auth.integerPowerLevels',
  ],
  [
    'creators above levels that may be fractions',
    own('org.test.fit', { strictJson: false }),
    'rules.auth.integerPowerLevels',
  ],
  [
    'no creators above levels that may be texts',
    own('org.test.fit-3', {
      strictJson: false,
      auth: { creatorsOutrankAll: false, integerPowerLevels: false },
    }),
    undefined,
  ],
  [
    'knocking at restricted rooms without knocking',
    own('org.test.fit', { auth: { knocking: false } }),
    'rules.auth.knockRestrictedJoins',
  ],
  [
    'knocking at restricted rooms without those',
    own('org.test.fit', { auth: { restrictedJoins: false } }),
    'rules.auth.knockRestrictedJoins',
  ],
  [
    'neither of the three',
    own('org.test.fit-4', { auth: { knocking: false, restrictedJoins: false, knockRestrictedJoins: false } }),
    undefined,
  ],
  [
    'a resolution that begins with nothing, where rooms are named by authors',
    derive(v11, 'org.test.fit', { stateResolution: 'v2.1' }),
    'rules.stateResolution',
  ],
  [
    'an older resolution where rooms are named after events',
    own('org.test.fit-5', { stateResolution: 'v2' }),
    undefined,
  ],
])('judges %s together', (_what, rules, wrong) => {
  if (wrong === undefined) expect(roomVersion(defineRoomVersion(rules).version)).toEqual(rules)
  else
    expect(() => defineRoomVersion(rules)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { argument: wrong, expected: expect.any(String) as string },
      }) as Error,
    )
})
