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

/** The verdict, which has a sentence where it refuses. */
function judge(version: string, options: EventOptions, joinRule?: string) {
  const verdict = checkAuth(makeEvent(version, options), authStateOf(roomOf(version, joinRule)))
  if (!verdict.allowed) expect(verdict.reason).toMatch(/^\S.*\S$/)
  return verdict
}

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

  it('takes no create event for that of the room but the one that the room ID names', () => {
    const elsewhere = makeEvent('12', { type: 'm.room.create', key: '', room: '!x' })
    const foreign = { ...elsewhere, eventId: '$elsewhere', content: {}, sender: elsewhere.sender }
    const members = [member('12', '@alice:a.test', 'join')]
    for (const held of [[foreign, ...members], members]) {
      expect(checkAuth(makeEvent('12', {}), authStateOf(held))).toMatchObject({
        allowed: false,
        rule: 'v12 2',
        reason: '!room:a.test has no create event in its state that it is named after',
      })
    }
  })

  it.each(creators)('%s cannot be given a level', (creator) => {
    const levels = setting('12', 'm.room.power_levels', { users: { [creator]: 5 } })
    expect(checkAuth(levels, state)).toMatchObject({ allowed: false, rule: 'v12 10.4' })
  })
})

describe('a room that does not federate', () => {
  const judgeIn = (federate: unknown, options: EventOptions) => {
    const state = authStateOf([
      createEvent('10', { 'm.federate': federate }),
      ...['@alice:a.test', '@bob:b.test'].map((user) => member('10', user, 'join')),
    ])
    return checkAuth(makeEvent('10', options), state)
  }
  const invite = membership('@alice:a.test', '@new:c.test', 'invite')

  it('refuses users of other servers', () => {
    expect(judgeIn(false, { sender: '@bob:b.test' })).toMatchObject({
      allowed: false,
      rule: 'v10 3',
      reason: 'the room does not federate: @bob:b.test is not of a.test',
    })
    expect(judgeIn(true, { sender: '@bob:b.test' }).allowed).toBe(true)
    expect(judgeIn(false, { sender: '@alice:a.test' }).allowed).toBe(true)
  })

  it('lets its own users invite others, unless the setting is neither true nor false', () => {
    expect(judgeIn(false, invite).allowed).toBe(true)
    expect(judgeIn('no', invite)).toMatchObject({ allowed: false, rule: 'v10 3' })
    expect(judgeIn('no', { sender: '@alice:a.test' }).allowed).toBe(true)
  })
})

describe('what only some versions have', () => {
  it.each<readonly [string, EventOptions, string]>([
    ['5', { type: 'm.room.aliases', key: 'c.test', sender: '@new:c.test' }, 'v5 4.3'],
    ['5', { type: 'm.room.aliases', key: 'b.test', sender: '@new:c.test' }, 'v5 4.2'],
    ['5', { type: 'm.room.aliases', sender: '@new:c.test' }, 'v5 4.1'],
    ['6', { type: 'm.room.aliases', key: 'c.test', sender: '@new:c.test' }, 'v6 5'],
    ['2', { type: 'm.room.redaction', sender: '@mod:a.test', more: { redacts: '$x:c.test' } }, 'v2 11.1'],
    ['2', { type: 'm.room.redaction', sender: '@bob:b.test', more: { redacts: '$x:b.test' } }, 'v2 11.2'],
    ['2', { type: 'm.room.redaction', sender: '@bob:b.test', more: { redacts: '$x:c.test' } }, 'v2 11.3'],
    ['2', { type: 'm.room.redaction', sender: '@bob:b.test' }, 'v2 11.3'],
    ['3', { type: 'm.room.redaction', sender: '@bob:b.test', more: { redacts: '$x' } }, 'v3 11'],
    ['6', membership('@new:c.test', '@new:c.test', 'knock'), 'v6 4.6'],
    ['7', membership('@new:c.test', '@new:c.test', 'knock'), 'v7 4.6.1'],
  ])('version %s: %j', (version, options, rule) => {
    expect(judge(version, options).rule).toBe(rule)
  })

  it.each([
    ['7', 'restricted', 'v7 4.2.6'],
    ['8', 'restricted', 'v8 4.3.5.2'],
    ['9', 'knock_restricted', 'v9 4.3.7'],
    ['10', 'knock_restricted', 'v10 4.3.5.2'],
    ['org.matrix.msc3787', 'knock_restricted', 'vorg.matrix.msc3787 4.3.5.2'],
  ])('version %s: join rule %s', (version, joinRule, rule) => {
    expect(judge(version, membership('@new:c.test', '@new:c.test', 'join'), joinRule).rule).toBe(rule)
  })
})

it.each<readonly [string, EventOptions, string]>([
  ['5', { type: 'm.room.aliases', sender: '@new:c.test' }, 'the event has no state_key'],
  [
    '5',
    { type: 'm.room.aliases', key: 'b.test', sender: '@new:c.test' },
    'the aliases of b.test are not set by @new:c.test',
  ],
  [
    '2',
    { type: 'm.room.redaction', sender: '@bob:b.test', more: { redacts: '$x:c.test' } },
    '@bob:b.test has level 0, redacting needs 50 or an event of b.test (not $x:c.test)',
  ],
  [
    '2',
    { type: 'm.room.redaction', sender: '@bob:b.test' },
    '@bob:b.test has level 0, redacting needs 50 or an event of b.test (not nothing)',
  ],
  ['10', membership('@bob:b.test', '@new:c.test', 'knock'), 'the join rule invite does not let anyone knock'],
])('version %s says why it refuses %j', (version, options, reason) => {
  expect(judge(version, options)).toMatchObject({ allowed: false, reason })
})

describe('what sending takes', () => {
  const levels = { users: { '@mod:a.test': 50 }, state_default: 51, events_default: 50, invite: 51 }
  const send = (level: number, options: EventOptions) => {
    const state = authStateOf(roomOf('10', 'invite', { ...levels, users: { '@mod:a.test': level } }))
    return checkAuth(makeEvent('10', { sender: '@mod:a.test', ...options }), state)
  }

  it.each<readonly [number, EventOptions, string]>([
    [50, {}, 'v10 10'],
    [49, {}, 'v10 7'],
    [51, { type: 'x', key: '' }, 'v10 10'],
    [50, { type: 'x', key: '' }, 'v10 7'],
    [51, { type: 'x', key: '@mod:a.test' }, 'v10 10'],
    [51, { type: 'x', key: '@bob:b.test' }, 'v10 8'],
    [51, { type: 'x', key: 'bob' }, 'v10 10'],
    [51, { type: 'm.room.third_party_invite', key: 'token' }, 'v10 6.1'],
  ])('level %i sends %j by %s', (level, options, rule) => {
    expect(send(level, options).rule).toBe(rule)
  })

  it('is the invite level for a third-party invite, whatever state takes', () => {
    expect(send(50, { type: 'm.room.third_party_invite', key: 'token' })).toMatchObject({
      allowed: false,
      rule: 'v10 6.1',
      reason: '@mod:a.test has level 50, inviting needs 51',
    })
  })
})

describe('members who may', () => {
  const third = { type: 'm.room.third_party_invite', key: 'token' }
  it.each<readonly [string, EventOptions, string]>([
    ['invite', membership('@bob:b.test', '@new:c.test', 'invite'), 'v10 4.4.4'],
    ['invite a third party', { ...third, sender: '@bob:b.test' }, 'v10 6.1'],
    ['kick', membership('@mod:a.test', '@bob:b.test', 'leave'), 'v10 4.5.4'],
    ['unban', membership('@mod:a.test', '@eve:b.test', 'leave'), 'v10 4.5.4'],
    ['ban', membership('@mod:a.test', '@bob:b.test', 'ban'), 'v10 4.6.2'],
    ['leave', membership('@bob:b.test', '@bob:b.test', 'leave'), 'v10 4.5.1'],
  ])('%s', (_what, options, rule) => {
    expect(judge('10', options)).toEqual({ allowed: true, rule })
  })
})

describe('members who may not', () => {
  it.each<readonly [string, EventOptions, string]>([
    ['invite one who is banned', membership('@bob:b.test', '@eve:b.test', 'invite'), 'v10 4.4.3'],
    ['invite without being there', membership('@new:c.test', '@bob:b.test', 'invite'), 'v10 4.4.2'],
    ['unban below the ban level', membership('@bob:b.test', '@eve:b.test', 'leave'), 'v10 4.5.3'],
    ['kick without being there', membership('@new:c.test', '@bob:b.test', 'leave'), 'v10 4.5.2'],
    ['ban without being there', membership('@new:c.test', '@bob:b.test', 'ban'), 'v10 4.6.1'],
    ['leave what they are not in', membership('@new:c.test', '@new:c.test', 'leave'), 'v10 4.5.1'],
    ['unban themselves', membership('@eve:b.test', '@eve:b.test', 'leave'), 'v10 4.5.1'],
    ['be what is not a user', membership('@bob:b.test', 'bob', 'invite'), 'v10 4.1'],
  ])('%s', (_what, options, rule) => {
    expect(judge('10', options)).toMatchObject({
      allowed: false,
      rule,
      reason: expect.stringMatching(/^\S.*\S$/),
    })
  })
})
