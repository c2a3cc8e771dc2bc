import { expect, it } from 'vitest'
import { createEvent, makeEvent, member, setting } from '../../test/room.ts'
import { checkAuth } from '../check-auth.ts'
import { authStateOf } from '../state.ts'

const [MOD, BOB] = ['@mod:a.test', '@bob:b.test'] as const
const MEMBERSHIPS = ['none', 'join', 'invite', 'leave', 'ban', 'knock'] as const
const JOIN_RULES = ['none', 'public', 'invite', 'knock', 'restricted', 'knock_restricted', 'private'] as const

interface Setup {
  readonly version: string
  readonly sender: string
  readonly membership: string
  readonly senderIs: string
  readonly targetIs: string
  readonly joinRule?: string
}

/** `4.3.6`, and `-` before it where that refuses; the events that were looked at are of the room. */
function outcome({ version, sender, membership, senderIs, targetIs, joinRule = 'none' }: Setup): string {
  const as = (user: string, is: string) => (is === 'none' ? [] : [member(version, user, is)])
  const state = [
    createEvent(version),
    setting(version, 'm.room.power_levels', { users: { [MOD]: 50 } }),
    ...(joinRule === 'none' ? [] : [setting(version, 'm.room.join_rules', { join_rule: joinRule })]),
    ...as(BOB, targetIs),
    ...(sender === BOB ? [] : as(sender, senderIs)),
  ]
  const content = { membership }
  const event = makeEvent(version, { type: 'm.room.member', sender, key: BOB, content })
  const verdict = checkAuth(event, authStateOf(state))
  const number = verdict.rule.replace(/^\S+ /, '')
  if (verdict.allowed) return number
  expect(verdict.reason).toMatch(/^\S.*\S$/)
  const ids = state.map(({ eventId }) => eventId)
  expect(ids).toEqual(expect.arrayContaining([...verdict.events]))
  return `-${number}`
}

it('tells for each membership what one may make of it oneself, by the join rule', () => {
  const rows = ['join', 'knock'].flatMap((membership) =>
    JOIN_RULES.map((joinRule) => {
      const cells = MEMBERSHIPS.map((is) =>
        outcome({ version: '10', sender: BOB, membership, senderIs: is, targetIs: is, joinRule }),
      )
      return `${membership}, ${joinRule}: ${cells.join(' ')}`
    }),
  )
  expect([`(${MEMBERSHIPS.join(' ')})`, ...rows].join('\n')).toMatchInlineSnapshot(`
    "(none join invite leave ban knock)
    join, none: -4.3.7 4.3.4 4.3.4 -4.3.7 -4.3.3 -4.3.7
    join, public: 4.3.6 4.3.6 4.3.6 4.3.6 -4.3.3 4.3.6
    join, invite: -4.3.7 4.3.4 4.3.4 -4.3.7 -4.3.3 -4.3.7
    join, knock: -4.3.7 4.3.4 4.3.4 -4.3.7 -4.3.3 -4.3.7
    join, restricted: -4.3.5.2 4.3.5.1 4.3.5.1 -4.3.5.2 -4.3.3 -4.3.5.2
    join, knock_restricted: -4.3.5.2 4.3.5.1 4.3.5.1 -4.3.5.2 -4.3.3 -4.3.5.2
    join, private: -4.3.7 -4.3.7 -4.3.7 -4.3.7 -4.3.3 -4.3.7
    knock, none: -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1
    knock, public: -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1
    knock, invite: -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1
    knock, knock: 4.7.3 -4.7.4 -4.7.4 4.7.3 -4.7.4 4.7.3
    knock, restricted: -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1
    knock, knock_restricted: 4.7.3 -4.7.4 -4.7.4 4.7.3 -4.7.4 4.7.3
    knock, private: -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1 -4.7.1"
  `)
})

it.each(['leave', 'invite', 'ban'])('tells what becomes of %s by oneself', (membership) => {
  const cells = MEMBERSHIPS.map((is) =>
    outcome({ version: '10', sender: BOB, membership, senderIs: is, targetIs: is }),
  )
  expect(`${membership}: ${cells.join(' ')}`).toBe(
    {
      leave: 'leave: -4.5.1 4.5.1 4.5.1 -4.5.1 -4.5.1 4.5.1',
      invite: 'invite: -4.4.2 -4.4.3 -4.4.2 -4.4.2 -4.4.2 -4.4.2',
      ban: 'ban: -4.6.1 -4.6.3 -4.6.1 -4.6.1 -4.6.1 -4.6.1',
    }[membership],
  )
})

it('lets nobody leave as one who knocked before there was knocking', () => {
  const setup = { sender: BOB, membership: 'leave', senderIs: 'knock', targetIs: 'knock' }
  expect(outcome({ ...setup, version: '6' })).toBe('-4.4.1')
  expect(outcome({ ...setup, version: '7' })).toBe('4.4.1')
})

it('tells for each pair of memberships what a moderator may do to another', () => {
  const rows = ['join', 'invite', 'leave', 'ban', 'knock', 'x'].flatMap((membership) =>
    MEMBERSHIPS.map((senderIs) => {
      const cells = MEMBERSHIPS.map((targetIs) =>
        outcome({ version: '10', sender: MOD, membership, senderIs, targetIs, joinRule: 'knock' }),
      )
      return `${membership} by ${senderIs}: ${cells.join(' ')}`
    }),
  )
  expect([`(${MEMBERSHIPS.join(' ')})`, ...rows].join('\n')).toMatchInlineSnapshot(`
    "(none join invite leave ban knock)
    join by none: -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2
    join by join: -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2
    join by invite: -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2
    join by leave: -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2
    join by ban: -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2
    join by knock: -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2 -4.3.2
    invite by none: -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2
    invite by join: 4.4.4 -4.4.3 4.4.4 4.4.4 -4.4.3 4.4.4
    invite by invite: -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2
    invite by leave: -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2
    invite by ban: -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2
    invite by knock: -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2 -4.4.2
    leave by none: -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2
    leave by join: 4.5.4 4.5.4 4.5.4 4.5.4 4.5.4 4.5.4
    leave by invite: -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2
    leave by leave: -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2
    leave by ban: -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2
    leave by knock: -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2 -4.5.2
    ban by none: -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1
    ban by join: 4.6.2 4.6.2 4.6.2 4.6.2 4.6.2 4.6.2
    ban by invite: -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1
    ban by leave: -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1
    ban by ban: -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1
    ban by knock: -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1 -4.6.1
    knock by none: -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2
    knock by join: -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2
    knock by invite: -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2
    knock by leave: -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2
    knock by ban: -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2
    knock by knock: -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2 -4.7.2
    x by none: -4.8 -4.8 -4.8 -4.8 -4.8 -4.8
    x by join: -4.8 -4.8 -4.8 -4.8 -4.8 -4.8
    x by invite: -4.8 -4.8 -4.8 -4.8 -4.8 -4.8
    x by leave: -4.8 -4.8 -4.8 -4.8 -4.8 -4.8
    x by ban: -4.8 -4.8 -4.8 -4.8 -4.8 -4.8
    x by knock: -4.8 -4.8 -4.8 -4.8 -4.8 -4.8"
  `)
})

it.each<readonly [string, string, string, string, string]>([
  // sender, membership, sender is, target is, reason
  [MOD, 'ban', 'none', 'join', '@mod:a.test is not joined (membership: none)'],
  [MOD, 'ban', 'leave', 'join', '@mod:a.test is not joined (membership: leave)'],
  [MOD, 'leave', 'none', 'join', '@mod:a.test is not joined (membership: none)'],
  [MOD, 'leave', 'invite', 'join', '@mod:a.test is not joined (membership: invite)'],
  [MOD, 'invite', 'none', 'leave', '@mod:a.test is not joined (membership: none)'],
  [MOD, 'invite', 'ban', 'leave', '@mod:a.test is not joined (membership: ban)'],
  [MOD, 'invite', 'join', 'ban', '@bob:b.test cannot be invited (membership: ban)'],
  [MOD, 'invite', 'join', 'join', '@bob:b.test cannot be invited (membership: join)'],
  [MOD, 'join', 'join', 'leave', '@mod:a.test cannot join for @bob:b.test'],
  [MOD, 'knock', 'join', 'leave', '@mod:a.test cannot knock for @bob:b.test'],
  [MOD, 'x', 'join', 'leave', '"x" is no membership here'],
  [BOB, 'leave', 'none', 'none', '@bob:b.test has nothing to leave (membership: none)'],
  [BOB, 'leave', 'ban', 'ban', '@bob:b.test has nothing to leave (membership: ban)'],
  [BOB, 'knock', 'join', 'join', '@bob:b.test cannot knock (membership: join)'],
  [BOB, 'knock', 'ban', 'ban', '@bob:b.test cannot knock (membership: ban)'],
  [BOB, 'join', 'ban', 'ban', '@bob:b.test is banned'],
  [BOB, 'join', 'none', 'none', 'the join rule is knock, and @bob:b.test is not invited (membership: none)'],
  [
    BOB,
    'join',
    'leave',
    'leave',
    'the join rule is knock, and @bob:b.test is not invited (membership: leave)',
  ],
])(
  'tells %s why there is no %s by one who is %s of one who is %s',
  (sender, membership, senderIs, targetIs, reason) => {
    const as = (user: string, is: string) => (is === 'none' ? [] : [member('10', user, is)])
    const state = authStateOf([
      createEvent('10'),
      setting('10', 'm.room.join_rules', { join_rule: 'knock' }),
      setting('10', 'm.room.power_levels', { users: { [MOD]: 50 } }),
      ...as(BOB, targetIs),
      ...(sender === BOB ? [] : as(sender, senderIs)),
    ])
    const event = makeEvent('10', { type: 'm.room.member', sender, key: BOB, content: { membership } })
    expect(checkAuth(event, state)).toMatchObject({ allowed: false, reason })
  },
)

it.each<readonly [string, number, number, string]>([
  ['ban', 59, 0, '@mod:a.test has level 59, banning @bob:b.test needs 60 and more than 0'],
  ['leave', 39, 0, '@mod:a.test has level 39, kicking @bob:b.test needs 40 and more than 0'],
  ['leave', 50, 50, '@mod:a.test has level 50, kicking @bob:b.test needs 40 and more than 50'],
])('tells what level %s takes: %i against %i', (membership, level, other, reason) => {
  const users = { [MOD]: level, [BOB]: other }
  const state = authStateOf([
    createEvent('10'),
    setting('10', 'm.room.power_levels', { users, ban: 60, kick: 40 }),
    member('10', MOD, 'join'),
    member('10', BOB, 'join'),
  ])
  const event = makeEvent('10', { type: 'm.room.member', sender: MOD, key: BOB, content: { membership } })
  expect(checkAuth(event, state)).toMatchObject({ allowed: false, reason })
})

it.each([
  ['leave', 'ban', '@mod:a.test has level 10, unbanning @bob:b.test needs 60'],
  ['invite', 'leave', '@mod:a.test has level 10, inviting @bob:b.test needs 20'],
])('tells what level %s of one who is %s takes', (membership, targetIs, reason) => {
  const state = authStateOf([
    createEvent('10'),
    setting('10', 'm.room.power_levels', { users: { [MOD]: 10 }, ban: 60, invite: 20 }),
    member('10', MOD, 'join'),
    member('10', BOB, targetIs),
  ])
  const event = makeEvent('10', { type: 'm.room.member', sender: MOD, key: BOB, content: { membership } })
  expect(checkAuth(event, state)).toMatchObject({ allowed: false, reason })
})

/** What a user of a level may do to another, where banning takes 60, kicking 40 and inviting 20. */
function actions(sender: number, target: number, targetIs: string) {
  const state = authStateOf([
    createEvent('10'),
    setting('10', 'm.room.power_levels', {
      users: { [MOD]: sender, [BOB]: target },
      ban: 60,
      kick: 40,
      invite: 20,
    }),
    member('10', MOD, 'join'),
    member('10', BOB, targetIs),
  ])
  const may = (membership: string) => {
    const content = { membership }
    return checkAuth(
      makeEvent('10', { type: 'm.room.member', sender: MOD, key: BOB, content }),
      state,
    ).rule.slice(4)
  }
  return [may('ban'), may('leave'), may('invite')].join(' ')
}

it.each([
  // sender, target, target is, ban, leave, invite
  [60, 59, 'join', '4.6.2 4.5.4 4.4.3'],
  [60, 60, 'join', '4.6.3 4.5.5 4.4.3'],
  [60, 61, 'join', '4.6.3 4.5.5 4.4.3'],
  [59, 0, 'join', '4.6.3 4.5.4 4.4.3'],
  [40, 39, 'join', '4.6.3 4.5.4 4.4.3'],
  [40, 40, 'join', '4.6.3 4.5.5 4.4.3'],
  [39, 0, 'join', '4.6.3 4.5.5 4.4.3'],
  [60, 0, 'ban', '4.6.2 4.5.4 4.4.3'],
  [60, 60, 'ban', '4.6.3 4.5.5 4.4.3'],
  [59, 0, 'ban', '4.6.3 4.5.3 4.4.3'],
  [20, 0, 'leave', '4.6.3 4.5.5 4.4.4'],
  [19, 0, 'leave', '4.6.3 4.5.5 4.4.5'],
])('of level %i against %i (%s): ban, leave, invite by %s', (sender, target, targetIs, expected) => {
  expect(actions(sender, target, targetIs)).toBe(expected)
})

// "If the only previous event is an m.room.create and the state_key is the creator, allow."
it.each<[string, readonly string[], string, string, string]>([
  ['the creator after the create event', ['$create'], '@alice:a.test', '@alice:a.test', '4.3.1'],
  ['somebody else after the create event', ['$create'], BOB, BOB, '4.3.7'],
  ['the creator after another event', ['$other'], '@alice:a.test', '@alice:a.test', '4.3.7'],
  [
    'the creator after the create event and another',
    ['$create', '$other'],
    '@alice:a.test',
    '@alice:a.test',
    '4.3.7',
  ],
  ['the creator after nothing', [], '@alice:a.test', '@alice:a.test', '4.3.7'],
])('joining first: %s', (_what, prev, sender, key, number) => {
  const create = createEvent('10')
  const ids = prev.map((id) => (id === '$create' ? create.eventId : id))
  const content = { membership: 'join' }
  const event = makeEvent('10', { type: 'm.room.member', sender, key, prev: ids, content })
  expect(checkAuth(event, authStateOf([create])).rule).toBe(`v10 ${number}`)
})

it.each([
  ['10', '@alice:a.test', true],
  ['10', '@bob:a.test', false],
  ['11', '@alice:a.test', false],
  ['11', '@bob:a.test', true],
  ['12', '@alice:a.test', false],
  ['12', '@bob:a.test', true],
])('takes for the creator in version %s whom that version means: %s, %s', (version, user, isCreator) => {
  const create = makeEvent(version, {
    type: 'm.room.create',
    key: '',
    sender: '@bob:a.test',
    prev: [],
    content: { creator: '@alice:a.test' },
  })
  const event = makeEvent(version, {
    type: 'm.room.member',
    sender: user,
    key: user,
    prev: [create.eventId],
    content: { membership: 'join' },
    room: version === '12' ? `!${create.eventId.slice(1)}` : '!room:a.test',
  })
  expect(checkAuth(event, authStateOf([create])).allowed).toBe(isCreator)
})

it.each([
  ['a membership that is missing', { key: BOB, content: {} }, 'the event has no membership'],
  [
    'a membership that is not a string',
    { key: BOB, content: { membership: 5 } },
    'the event has no membership',
  ],
  ['no state key', { content: { membership: 'join' } }, 'the event has no state_key'],
  ['neither', { content: {} }, 'the event has no state_key'],
  [
    'a state key that is not a user',
    { key: 'bob', content: { membership: 'join' } },
    'the state key bob is no user ID',
  ],
])('refuses a member event with %s', (_what, options, reason) => {
  const event = makeEvent('10', { type: 'm.room.member', sender: BOB, ...options })
  expect(checkAuth(event, authStateOf([createEvent('10')]))).toMatchObject({
    allowed: false,
    rule: 'v10 4.1',
    reason,
  })
})

it.each([MOD, BOB])('refuses everything where the membership of %s cannot be read', (user) => {
  const others = [MOD, BOB].filter((one) => one !== user).map((one) => member('10', one, 'join'))
  const state = authStateOf([createEvent('10'), member('10', user, 5), ...others])
  const content = { membership: 'leave' }
  const event = makeEvent('10', { type: 'm.room.member', sender: MOD, key: BOB, content })
  expect(checkAuth(event, state)).toMatchObject({
    allowed: false,
    rule: 'v10 4',
    reason: 'the state has a member event without a membership',
  })
})

const RESTRICTED = { join_authorised_via_users_server: '@host:a.test' }

it.each<[string, object, string, number, string, string]>([
  // join's content, the host is, has level, rule, reason
  [
    'nobody named',
    {},
    'join',
    50,
    '-4.3.5.2',
    '@bob:b.test is not invited, and no user who may invite stands in for the join',
  ],
  [
    'no text named',
    { join_authorised_via_users_server: 5 },
    'join',
    50,
    '-4.3.5.2',
    '@bob:b.test is not invited, and no user who may invite stands in for the join',
  ],
  ['a host who may invite', RESTRICTED, 'join', 30, '4.3.5.3', ''],
  [
    'a host who may not invite',
    RESTRICTED,
    'join',
    29,
    '-4.3.5.2',
    '@host:a.test, who authorised the join, has level 29, inviting needs 30',
  ],
  [
    'a host who left',
    RESTRICTED,
    'leave',
    50,
    '-4.3.5.2',
    '@host:a.test, who authorised the join, is not joined (leave)',
  ],
  [
    'a host who never was there',
    RESTRICTED,
    'none',
    50,
    '-4.3.5.2',
    '@host:a.test, who authorised the join, is not joined (no membership)',
  ],
])('joining where that is restricted, with %s', (_what, more, hostIs, level, rule, reason) => {
  const state = authStateOf([
    createEvent('10'),
    setting('10', 'm.room.power_levels', { users: { '@host:a.test': level }, invite: 30 }),
    setting('10', 'm.room.join_rules', { join_rule: 'restricted' }),
    ...(hostIs === 'none' ? [] : [member('10', '@host:a.test', hostIs)]),
  ])
  const content = { membership: 'join', ...more }
  const verdict = checkAuth(makeEvent('10', { type: 'm.room.member', sender: BOB, key: BOB, content }), state)
  expect(`${verdict.allowed ? '' : '-'}${verdict.rule.slice(4)}`).toBe(rule)
  expect(verdict.allowed ? '' : verdict.reason).toBe(reason)
})
