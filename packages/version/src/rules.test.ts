import { expect, it } from 'vitest'
import { ROOM_VERSIONS, type RoomVersionRules } from './rules.ts'

const flatten = (rules: RoomVersionRules) =>
  Object.entries(rules).flatMap(([key, value]) =>
    typeof value === 'object'
      ? Object.entries(value).map(([inner, v]) => [`${key}.${inner}`, v] as const)
      : [[key, value] as const],
  )

/** "version: key=value …" for what changed since the version before; reads like the specification's own change list. */
function changeLog(): string[] {
  const versions = [...ROOM_VERSIONS.values()].filter((rules) => rules.stability === 'stable')
  return versions.slice(1).map((rules, i) => {
    const before = new Map(flatten(versions[i]!))
    const changed = flatten(rules).filter(([key, value]) => key !== 'version' && before.get(key) !== value)
    return `${rules.version}: ${changed.map(([key, value]) => `${key}=${value}`).join(' ')}`
  })
}

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
