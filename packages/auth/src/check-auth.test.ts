import { describe, expect, it } from 'vitest'
import { createEvent, type EventOptions, makeEvent, member, setting } from '../test/room.ts'
import { checkAuth } from './check-auth.ts'
import { authStateOf } from './state.ts'

const LEVELS = { users: { '@alice:a.test': 100, '@mod:a.test': 50 }, events: { 'm.room.topic': 60 } }

/** A room of @alice with a moderator @mod, a member @bob, and @eve, who is banned. */
function roomOf(version: string, joinRule = 'invite', levels: Readonly<Record<string, unknown>> = LEVELS) {
  return [
    createEvent(version),
    setting(version, 'm.room.power_levels', levels),
    setting(version, 'm.room.join_rules', { join_rule: joinRule }),
    member(version, '@alice:a.test', 'join'),
    member(version, '@mod:a.test', 'join'),
    member(version, '@bob:b.test', 'join'),
    member(version, '@eve:b.test', 'ban', { sender: '@alice:a.test' }),
  ]
}

const judge = (version: string, options: EventOptions, joinRule?: string) =>
  checkAuth(makeEvent(version, options), authStateOf(roomOf(version, joinRule)))

const membership = (sender: string, key: string, value: string, more: object = {}): EventOptions => ({
  type: 'm.room.member',
  sender,
  key,
  content: { membership: value, ...more },
})

describe('says which rule refused, and why', () => {
  it.each<readonly [EventOptions, string, string]>([
    [
      membership('@bob:b.test', '@mod:a.test', 'leave'),
      'v8 4.5.5',
      '@bob:b.test has level 0, kicking @mod:a.test needs 50 and more than 50',
    ],
    [
      membership('@mod:a.test', '@alice:a.test', 'ban'),
      'v8 4.6.3',
      '@mod:a.test has level 50, banning @alice:a.test needs 50 and more than 100',
    ],
    [membership('@eve:b.test', '@eve:b.test', 'join'), 'v8 4.3.3', '@eve:b.test is banned'],
    [
      membership('@new:c.test', '@new:c.test', 'join'),
      'v8 4.3.7',
      'the join rule is invite, and @new:c.test is not invited (membership: none)',
    ],
    [membership('@mod:a.test', '@new:c.test', 'join'), 'v8 4.3.2', '@mod:a.test cannot join for @new:c.test'],
    [
      { type: 'm.room.topic', key: '', sender: '@mod:a.test' },
      'v8 7',
      '@mod:a.test has level 50, sending m.room.topic needs 60',
    ],
    [{ sender: '@new:c.test' }, 'v8 5', '@new:c.test is not joined (membership: none)'],
    [
      { type: 'x', key: '@bob:b.test', sender: '@alice:a.test' },
      'v8 8',
      'the state key @bob:b.test belongs to another user than @alice:a.test',
    ],
    [membership('@bob:b.test', '@bob:b.test', 'wave'), 'v8 4.8', '"wave" is no membership here'],
    [
      { type: 'm.room.power_levels', key: '', content: { ...LEVELS, ban: 101 } },
      'v8 9.3.2',
      '@alice:a.test has level 100 and cannot change ban from none to 101',
    ],
  ])('%j', (options, rule, reason) => {
    expect(judge('8', options)).toMatchObject({ allowed: false, rule, reason })
  })
})

describe('says which rule allowed', () => {
  it.each<readonly [EventOptions, string, string]>([
    [membership('@new:c.test', '@new:c.test', 'join'), 'public', 'v8 4.3.6'],
    [membership('@bob:b.test', '@bob:b.test', 'join'), 'restricted', 'v8 4.3.5.1'],
    [
      membership('@new:c.test', '@new:c.test', 'join', { join_authorised_via_users_server: '@bob:b.test' }),
      'restricted',
      'v8 4.3.5.3',
    ],
    [membership('@new:c.test', '@new:c.test', 'knock'), 'knock', 'v8 4.7.3'],
    [{ sender: '@bob:b.test' }, 'invite', 'v8 10'],
  ])('%j in a room with join rule %s', (options, joinRule, rule) => {
    expect(judge('8', options, joinRule)).toEqual({ allowed: true, rule })
  })
})

it('names the events that the rule looked at, each once', () => {
  const events = roomOf('10')
  const state = authStateOf(events)
  const verdict = checkAuth(makeEvent('10', { type: 'm.room.topic', key: '', sender: '@mod:a.test' }), state)
  const [create, levels] = events
  expect(verdict).toMatchObject({ events: [create?.eventId, levels?.eventId] })
})

it('keeps its reason when the state changes afterwards', () => {
  const state = new Map(roomOf('10').map((event) => [`${event.type} ${event.stateKey}`, event]))
  const bob = makeEvent('10', { type: 'm.room.topic', key: '', sender: '@bob:b.test' })
  const verdict = checkAuth(bob, { get: (type, key) => state.get(`${type} ${key}`) })
  state.clear()
  expect(JSON.parse(JSON.stringify(verdict))).toMatchObject({
    reason: '@bob:b.test has level 0, sending m.room.topic needs 60',
  })
})

it('makes no new verdict for what it allows', () => {
  const [a, b] = [judge('11', { sender: '@bob:b.test' }), judge('11', { sender: '@bob:b.test' })]
  expect(a).toBe(b)
})

describe('room version 12', () => {
  const creators = ['@alice:a.test', '@second:c.test']
  const state = authStateOf([
    createEvent('12', { additional_creators: ['@second:c.test'] }),
    setting('12', 'm.room.power_levels', { users: { '@mod:a.test': 9_007_199_254_740_991 } }),
    ...[...creators, '@mod:a.test'].map((user) => member('12', user, 'join')),
  ])
  const kick = (sender: string, key: string) =>
    checkAuth(makeEvent('12', membership(sender, key, 'leave')), state)

  it.each(creators)('%s stands above every level', (creator) => {
    expect(kick(creator, '@mod:a.test').allowed).toBe(true)
    expect(kick('@mod:a.test', creator)).toMatchObject({
      allowed: false,
      rule: 'v12 5.5.5',
      reason: `@mod:a.test has level 9007199254740991, kicking ${creator} needs 50 and more than above all (creator's)`,
    })
  })

  it('a creator does not stand above another', () => {
    expect(kick('@alice:a.test', '@second:c.test').allowed).toBe(false)
  })

  it.each(creators)('%s cannot be given a level', (creator) => {
    const levels = setting('12', 'm.room.power_levels', { users: { [creator]: 5 } })
    expect(checkAuth(levels, state)).toMatchObject({ allowed: false, rule: 'v12 10.4' })
  })
})
