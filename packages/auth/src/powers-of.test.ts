import { describe, expect, it } from 'vitest'
import { CREATOR_LEVEL } from './power-level-of.ts'
import { powersOf } from './powers-of.ts'

const [ALICE, BOB, CAROL, DAVE] = ['@alice:a.test', '@bob:b.test', '@carol:c.test', '@dave:d.test'] as const

/** Contents as a client library declares them. */
interface Levels {
  users: Record<string, number>
  events?: Record<string, number>
  users_default?: number
  kick?: number
}
const levels: Levels = {
  users: { [ALICE]: 100, [BOB]: 50, [CAROL]: 50 },
  events: { 'm.room.topic': 10, 'm.room.power_levels': 60 },
  users_default: 10,
}
const room = (version: string, powerLevels?: object) => {
  const create = { sender: ALICE, content: { creator: ALICE, room_version: version } }
  return powersOf({ version, create, ...(powerLevels !== undefined && { powerLevels }) })
}

describe('powersOf', () => {
  const powers = room('10', levels)

  it('tells levels, and what takes which', () => {
    expect([ALICE, BOB, DAVE].map(powers.levelOf)).toEqual([100, 50, 10])
    expect(powers.users).toEqual(new Map(Object.entries(levels.users)))
    expect([powers.levelTo('kick'), powers.levelTo('invite'), powers.levelTo('users_default')]).toEqual([
      50, 0, 10,
    ])
    expect(powers.levelToSend('m.room.topic', 'state')).toBe(10)
  })

  it.each([
    [BOB, 'kick', DAVE, true],
    [BOB, 'kick', CAROL, false],
    [BOB, 'ban', ALICE, false],
    [ALICE, 'ban', BOB, true],
    [DAVE, 'unban', BOB, false],
    [DAVE, 'invite', undefined, true],
    [DAVE, 'redact', undefined, false],
    [BOB, 'redact', undefined, true],
  ] as const)('says whether %s can %s %s: %s', (user, action, target, expected) => {
    expect(powers.can(user, action, target)).toBe(expected)
  })

  it.each([
    [ALICE, BOB, 100, true],
    [ALICE, BOB, 101, false],
    [BOB, DAVE, 10, false],
    [ALICE, ALICE, 0, true],
  ])('says whether %s can give %s level %i: %s', (user, target, level, expected) => {
    expect(powers.canGrant(user, target, level)).toBe(expected)
  })

  it('says how far somebody can go, and who can do what', () => {
    expect([powers.highestGrant(ALICE), powers.highestGrant(BOB)]).toEqual([100, undefined])
    expect(powers.whoCan('ban')).toEqual({ users: [ALICE, BOB, CAROL], everybody: false })
    expect(powers.whoCan('invite')).toEqual({ users: [ALICE, BOB, CAROL], everybody: true })
    expect(powers.whoCanSend('m.room.topic', 'state')).toMatchObject({ everybody: true })
  })

  it('knows the creator of a room without power levels', () => {
    const bare = room('10')
    expect([bare.levelOf(ALICE), bare.levelOf(BOB), bare.creators]).toEqual([100, 0, []])
    expect(bare.whoCan('ban')).toEqual({ users: [ALICE], everybody: false })
    expect(room('11').levelOf(ALICE)).toBe(100)
  })

  it('tells creators of version 12 apart, who stand above every level', () => {
    const create = { sender: ALICE, content: { room_version: '12', additional_creators: [BOB] } }
    const powers12 = powersOf({ version: '12', create, powerLevels: { users: { [CAROL]: 2 ** 53 - 1 } } })
    expect(powers12.creators).toEqual([ALICE, BOB])
    expect([powers12.isCreator(BOB), powers12.isCreator(CAROL)]).toEqual([true, false])
    expect(powers12.levelOf(BOB)).toBe(CREATOR_LEVEL)
    expect(powers12.can(BOB, 'kick', CAROL)).toBe(true)
    expect(powers12.can(CAROL, 'kick', BOB)).toBe(false)
    expect(powers12.can(ALICE, 'kick', BOB)).toBe(false)
    expect(powers12.canGrant(CAROL, BOB, 0)).toBe(false)
    expect(powers12.highestGrant(ALICE)).toBe(Number.MAX_SAFE_INTEGER)
    expect(powers12.whoCan('ban')).toEqual({ users: [ALICE, BOB, CAROL], everybody: false })
  })

  it('reads levels of old versions as those do, and never gives what cannot be compared', () => {
    const odd = { users: { [BOB]: ' 50 ', [CAROL]: 'much' }, kick: 'never', users_default: 3.9 }
    for (const version of ['1', '9', '10', '12']) {
      const { levelOf, levelTo, levelToSend } = room(version, odd)
      const numbers = [
        levelOf(ALICE),
        levelOf(BOB),
        levelOf(CAROL),
        levelOf(DAVE),
        levelTo('kick'),
        levelToSend('x', 'state'),
      ]
      expect(numbers.every(Number.isFinite), version).toBe(true)
    }
    expect(room('9', odd).levelOf(BOB)).toBe(50)
    expect(room('9', odd).can(BOB, 'kick', DAVE)).toBe(false)
    expect(room('10', odd).levelOf(BOB)).toBe(0)
  })

  it('does not read prototypes', () => {
    expect(room('10', {}).levelToSend('toString', 'message')).toBe(0)
    expect(room('10', { users: {} }).levelOf('@__proto__:a')).toBe(0)
  })
})
