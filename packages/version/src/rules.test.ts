import { expect, it } from 'vitest'
import { ROOM_VERSIONS, roomVersion, type RoomVersionRules } from './rules.ts'

const flatten = (rules: RoomVersionRules) =>
  Object.entries(rules).flatMap(([key, value]) =>
    typeof value === 'object'
      ? Object.entries(value).map(([inner, v]) => [`${key}.${inner}`, v] as const)
      : [[key, value] as const],
  )

/** "version: key=value …" for what changed since a version before; reads like the specification's own change list. */
function changesIn(rules: RoomVersionRules, since: RoomVersionRules): string {
  const before = new Map(flatten(since))
  const changed = flatten(rules).filter(([key, value]) => key !== 'version' && before.get(key) !== value)
  return `${rules.version}: ${changed.map(([key, value]) => `${key}=${value}`).join(' ')}`
}

function changeLog(): string[] {
  const versions = [...ROOM_VERSIONS.values()].filter((rules) => rules.stability === 'stable')
  return versions.slice(1).map((rules, i) => changesIn(rules, versions[i]!))
}

it('begins with version 1', () => {
  expect(roomVersion('1')).toEqual({
    version: '1',
    stability: 'stable',
    eventId: 'domain',
    roomId: 'domain',
    eventRefs: 'id-and-hash',
    stateResolution: 'v1',
    signingKeyValidity: 'ignored',
    strictJson: false,
    redactsIn: 'event',
    auth: {
      redactionNeedsPowerOrSameDomain: true,
      aliasesBelongToDomain: true,
      notificationLevelsGuarded: false,
      knocking: false,
      restrictedJoins: false,
      knockRestrictedJoins: false,
      integerPowerLevels: false,
      creator: 'content',
      creatorsOutrankAll: false,
    },
    redaction: {
      keepAliases: true,
      keepJoinRulesAllow: false,
      keepMemberAuthorisingServer: false,
      layout: 'original',
    },
  })
})

it('changes exactly what each room version specification says', () => {
  expect(changeLog()).toMatchInlineSnapshot(`
    [
      "2: stateResolution=v2",
      "3: eventId=hash-base64 eventRefs=id auth.redactionNeedsPowerOrSameDomain=false",
      "4: eventId=hash-base64url",
      "5: signingKeyValidity=enforced",
      "6: strictJson=true auth.aliasesBelongToDomain=false auth.notificationLevelsGuarded=true redaction.keepAliases=false",
      "7: auth.knocking=true",
      "8: auth.restrictedJoins=true redaction.keepJoinRulesAllow=true",
      "9: redaction.keepMemberAuthorisingServer=true",
      "10: auth.knockRestrictedJoins=true auth.integerPowerLevels=true",
      "11: redactsIn=content auth.creator=sender redaction.layout=v11",
      "12: roomId=create-hash stateResolution=v2.1 auth.creatorsOutrankAll=true",
    ]
  `)
})

it.each([
  ['7', 'org.matrix.msc3667: stability=unstable auth.integerPowerLevels=true'],
  ['9', 'org.matrix.msc3787: stability=unstable auth.knockRestrictedJoins=true'],
])('derives the experimental versions from version %s', (base, changes) => {
  const [name = ''] = changes.split(':')
  expect(changesIn(roomVersion(name)!, roomVersion(base)!)).toBe(changes)
})

it('knows these versions, oldest first, and no others', () => {
  const numbered = Array.from({ length: 12 }, (_, i) => `${i + 1}`)
  const known = [...numbered, 'org.matrix.msc3667', 'org.matrix.msc3787']
  expect([...ROOM_VERSIONS.keys()]).toEqual(known)
  expect(known.map((version) => roomVersion(version)?.version)).toEqual(known)
  for (const version of ['', '0', '13', '01', '1 ', 'constructor'])
    expect(roomVersion(version)).toBeUndefined()
})

it('lets nobody change the rules of a version', () => {
  for (const rules of ROOM_VERSIONS.values())
    expect([rules, rules.auth, rules.redaction].map(Object.isFrozen), rules.version).toEqual([
      true,
      true,
      true,
    ])
})
