import { describe, expect, it } from 'vitest'
import { createEvent, rulesOf, setting } from '../test/room.ts'
import { readLevel } from './levels.ts'
import { NOBODY_LEVEL, powerLevelOf } from './power-level-of.ts'
import { powersIn } from './powers-in.ts'
import { authStateOf } from './state.ts'

describe('readLevel', () => {
  it.each([
    // value,                   before version 10,  from version 10 on
    [50, 50, 50],
    [-5, -5, -5],
    [undefined, undefined, undefined],
    ['50', 50, NaN],
    [' +050 ', 50, NaN],
    ['-5', -5, NaN],
    [50.9, 50, NaN],
    [-0.5, -0, NaN],
    ['50.0', NaN, NaN],
    ['0x32', NaN, NaN],
    ['5e1', NaN, NaN],
    ['--5', NaN, NaN],
    ['5 0', NaN, NaN],
    ['', NaN, NaN],
    ['1_0', NaN, NaN],
    // White space is Unicode's: JavaScript has no U+0085 in its own, and U+FEFF too much.
    ['\u008550', 50, NaN],
    ['50\u0085', 50, NaN],
    ['\t\n\u000b\f\r\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u300050', 50, NaN],
    ['\ufeff50', NaN, NaN],
    ['50\ufeff', NaN, NaN],
    ['\u200b50', NaN, NaN],
    ['\u180e50', NaN, NaN],
    ['\u001c50', NaN, NaN],
    ['٥٠', NaN, NaN],
    ['++50', NaN, NaN],
    // As far as a 64-bit float goes, and no further.
    ['9007199254740992', 2 ** 53, NaN],
    ['-1' + '0'.repeat(300), -1e300, NaN],
    ['9'.repeat(400), NaN, NaN],
    [5.114698e4, 51146, NaN],
    [1e20, 1e20, NaN],
    [1e300, 1e300, NaN],
    [Infinity, NaN, NaN],
    [-Infinity, NaN, NaN],
    [null, NaN, NaN],
    [true, NaN, NaN],
    [[50], NaN, NaN],
    [{}, NaN, NaN],
  ])('%j', (value, lenient, strict) => {
    expect(readLevel(value, rulesOf('9').auth)).toBe(lenient)
    expect(readLevel(value, rulesOf('10').auth)).toBe(strict)
  })
})

describe('powerLevelOf', () => {
  const [rules, create] = [rulesOf('10'), createEvent('10')]
  const of = (user: string, content?: Readonly<Record<string, unknown>>) =>
    powerLevelOf(user, {
      rules,
      create,
      powerLevels: content === undefined ? undefined : setting('10', 'm.room.power_levels', content),
    })

  it('gives the creator 100 where the room has no power levels', () => {
    expect([of('@alice:a.test'), of('@bob:b.test')]).toEqual([100, 0])
  })
  it('gives the creator nothing more once it has', () => {
    expect(of('@alice:a.test', { users_default: 7 })).toBe(7)
  })
  it('is always a number that can be compared', () => {
    expect(of('@bob:b.test', { users: { '@bob:b.test': 'x' } })).toBe(0)
  })
  it('takes null for absent where levels are lenient', () => {
    const content = { users: { '@bob:b.test': null }, users_default: 7 }
    const powerLevels = setting('9', 'm.room.power_levels', content)
    const sources = { rules: rulesOf('9'), create: createEvent('9'), powerLevels }
    expect(powerLevelOf('@bob:b.test', sources)).toBe(7)
  })
  it.each(['__proto__', 'constructor', 'toString'])('is not fooled by a user called %s', (user) => {
    expect(of(user, { users: {} })).toBe(0)
  })
  it('reads a level that somebody gave to __proto__', () => {
    expect(of('__proto__', { users: JSON.parse('{"__proto__": 50}') })).toBe(50)
  })
})

const LEVELS = [
  'users_default',
  'events_default',
  'state_default',
  'ban',
  'redact',
  'kick',
  'invite',
] as const

describe('powersIn', () => {
  const powersWith = (content?: Readonly<Record<string, unknown>>) => {
    const levels = content === undefined ? [] : [setting('10', 'm.room.power_levels', content)]
    return powersIn(authStateOf([createEvent('10'), ...levels]), rulesOf('10'))
  }

  it('reads what actions take', () => {
    const powers = powersWith({ kick: 30, events_default: 5, events: { 'm.room.topic': 9 } })
    expect(LEVELS.map(powers.levelTo)).toEqual([0, 5, 50, 50, 50, 30, 0])
    expect(powers.levelToSend('m.room.topic', 'state')).toBe(9)
    expect(powers.levelToSend('m.room.topic', 'message')).toBe(9)
    expect(powers.levelToSend('m.room.name', 'state')).toBe(50)
    expect(powers.levelToSend('m.room.message', 'message')).toBe(5)
  })

  it('has defaults where the room has no power levels, and the creator at 100', () => {
    const powers = powersWith()
    expect(LEVELS.map(powers.levelTo)).toEqual([0, 0, 50, 50, 50, 50, 0])
    expect(powers.levelToSend('m.room.message', 'message')).toBe(0)
    expect(powers.levelToSend('m.room.message', 'state')).toBe(50)
    expect(['@alice:a.test', '@bob:b.test'].map(powers.levelOf)).toEqual([100, 0])
  })

  it('tells of levels that cannot be read, which nobody reaches', () => {
    const powers = powersWith({ kick: '50', events: { 'm.room.topic': '9' }, users: { '@bob:b.test': 50 } })
    expect(powers.levelTo('kick')).toBe(NOBODY_LEVEL)
    expect(powers.levelToSend('m.room.topic', 'state')).toBe(NOBODY_LEVEL)
    expect(powers.can('@bob:b.test', 'kick', '@carol:c.test')).toBe(false)
    expect(powers.levelOf('@bob:b.test')).toBe(50)
  })
})
