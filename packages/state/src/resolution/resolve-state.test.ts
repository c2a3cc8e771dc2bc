import { isFailure } from '@roomserver/types'
import { expect, it } from 'vitest'
import { ALICE, BOB, OPEN_STATE, openRoom, TestRoom } from '../../test/room.ts'
import { stateEntries } from '../state-map.ts'
import { accountText } from './account-text.ts'
import { resolveState, resolvingState } from './resolve-state.ts'

/** Bob sets a topic while Alice bans him. */
function banAndTopic() {
  const room = openRoom()
    .send('$cats', 'm.room.topic', ALICE, '', { topic: 'Cats' }, '$create $levels $alice')
    .send('$ban', 'm.room.member', ALICE, BOB, { membership: 'ban' }, '$create $levels $alice $bob')
    .send('$dogs', 'm.room.topic', BOB, '', { topic: 'Dogs' }, '$create $levels $bob')
  const sets = [
    room.state('$create $alice $levels $public $cats $ban'),
    room.state('$create $alice $levels $public $bob $dogs'),
  ]
  return { room, sets }
}

it('gives one set back as it is, and writes no account unasked', () => {
  const { room, sets } = banAndTopic()
  const [set] = sets
  const { account, state } = resolveState([set!], { version: '10', events: room.events })
  expect(state).toEqual(set)
  expect(account).toBeUndefined()
  expect(resolveState([], { version: '10', events: room.events }).state.size).toBe(0)
})

it('shares the maps of types that did not change', () => {
  const { room, sets } = banAndTopic()
  const { state } = resolveState(sets, { version: '10', events: room.events })
  expect(state.get('m.room.create')).toBe(sets[0]!.get('m.room.create'))
})

it('can say why, as data and as text', () => {
  const { room, sets } = banAndTopic()
  const { account } = resolveState(sets, { version: '10', events: room.events, account: true })
  expect(JSON.parse(JSON.stringify(account))).toEqual(account)
  expect(account && accountText(account)).toMatchInlineSnapshot(`
    "State resolution v2 over 2 state sets (auth chains: production)

    Conflicts:
      m.room.member @bob:b.test: $ban | $bob
      m.room.topic: $cats | $dogs

    Mainline, newest power levels first:
      $levels

    Judged, in order:
      [power] $bob m.room.member @bob:b.test of @bob:b.test: allowed by v10 4.3.6; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @bob:b.test = (none), m.room.join_rules = $public
      [power] $ban m.room.member @bob:b.test of @alice:a.test: allowed by v10 4.6.2; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @alice:a.test = $alice, m.room.member @bob:b.test = $bob
      [mainline, mainline 0] $cats m.room.topic of @alice:a.test: allowed by v10 10; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @alice:a.test = $alice
      [mainline, mainline 0] $dogs m.room.topic of @bob:b.test: refused by v10 5: @bob:b.test is not joined (membership: ban); against m.room.create = $create, m.room.power_levels = $levels, m.room.member @bob:b.test = $ban

    Outcome:
      m.room.member @bob:b.test = $ban: $ban of @alice:a.test was allowed by v10 4.6.2 and came last of the 2 allowed (in order of citations, then of power of the sender, then of time).
      m.room.topic = $cats: $cats of @alice:a.test was allowed by v10 10. $dogs was refused by v10 5: @bob:b.test is not joined (membership: ban).

    Changes against state set 2:
      m.room.member @bob:b.test: $bob -> $ban
      m.room.topic: $dogs -> $cats
    "
  `)
})

it('refuses a room version that nobody knows', () => {
  const call = () => resolveState([], { version: '99', events: () => undefined })
  expect(call).toThrow('room version 99 is not known')
  try {
    call()
  } catch (error) {
    expect(isFailure(error, 'UNSUPPORTED_ROOM_VERSION')).toBe(true)
  }
})

it('takes in an entry that no set has, when the auth difference holds an event for it that is allowed', () => {
  const room = openRoom().send('$dogs', 'm.room.topic', BOB, '', {}, '$create $levels $bob')
  const without = '$create $alice $levels $public'
  const sets = [room.state(without), room.state(`${without} $dogs`)]
  const { account, state } = resolveState(sets, { version: '10', events: room.events, account: true })
  expect(account?.authDifference).toEqual(['$bob'])
  expect(state.get('m.room.member')?.get(BOB)).toBe('$bob')
  expect(state.get('m.room.topic')?.get('')).toBe('$dogs')
  expect(account?.changes[0]?.map(({ to }) => to).toSorted()).toEqual(['$bob', '$dogs'])
})

it('does not mind types and state keys that are names of a prototype', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const room = openRoom()
  for (const [i, name] of names.entries()) {
    room.send(`$${i}a`, name, ALICE, name, {}, '$create $levels $alice')
    room.send(`$${i}b`, name, BOB, name, {}, '$create $levels $bob')
  }
  const sets = ['a', 'b'].map((side) =>
    room.state(`${OPEN_STATE} ${names.map((_, i) => `$${i}${side}`).join(' ')}`),
  )
  const { state } = resolveState(sets, { version: '10', events: room.events })
  for (const [i, name] of names.entries()) expect(state.get(name)?.get(name)).toBe(`$${i}b`)
})

it.each(['1', '6', '12'])('resolves more sets than an integer has bits, in version %s', (version) => {
  const room = openRoom(version)
  const cites = version === '12' ? '$levels $bob' : '$create $levels $bob'
  const topics = Array.from({ length: 70 }, (_, i) => `$topic${i}`)
  for (const topic of topics) room.send(topic, 'm.room.topic', BOB, '', {}, cites)
  const sets = topics.map((topic) => room.state(`${OPEN_STATE} ${topic}`))
  for (const chain of ['production', 'letter'] as const) {
    const options = { version, events: room.events, chain, account: true }
    const { account, state } = resolveState(sets, options)
    expect(state.get('m.room.topic')?.get('')).toBe('$topic69')
    expect(account?.authDifference).toEqual([])
  }
})

/** Alice, a creator, takes Bob's power away while he bans Carol. */
function demotionAgainstBan(): { readonly room: TestRoom; readonly sides: readonly [string, string] } {
  const carol = '@carol:c.test'
  const room = openRoom('12')
    .send('$carol', 'm.room.member', carol, carol, { membership: 'join' }, '$levels $public')
    .send('$ban', 'm.room.member', BOB, carol, { membership: 'ban' }, '$levels $bob $carol')
    .send('$demotion', 'm.room.power_levels', ALICE, '', { users: { [BOB]: 0 } }, '$levels $alice')
    .send('$elsewhere', 'm.room.create', BOB, '', {})
  const rest = '$alice $public $bob'
  return { room, sides: [`${rest} $levels $ban`, `${rest} $demotion $carol`] }
}

it.each([
  ['all hold it', ['$create', '$create']],
  ['one lacks it', ['$create', '']],
  ['one holds that of another room', ['$create', '$elsewhere']],
  ['one holds that of another room, one lacks it', ['$elsewhere', '$create', '']],
])(
  'knows the creators of a version 12 room by its ID, whichever create event the sets hold: %s',
  (_, creates) => {
    const { room, sides } = demotionAgainstBan()
    const sets = creates.map((create, i) => room.state(`${create} ${sides[i] ?? ''}`.trim() || '$alice'))
    const options = { version: '12', events: room.events }
    for (const order of [sets, sets.toReversed()]) {
      const { state } = resolveState(order, options)
      expect(state.get('m.room.create')?.get('')).toBe('$create')
      expect(state.get('m.room.power_levels')?.get('')).toBe('$demotion')
      expect(state.get('m.room.member')?.get('@carol:c.test')).toBe('$carol')
    }
  },
)

it('allows nothing in a version 12 room whose create event nobody knows, or which is named after another event', () => {
  const { room, sides } = demotionAgainstBan()
  const sets = sides.map((side) => room.state(`$elsewhere ${side}`))
  for (const isUnknown of [true, false]) {
    const events = (id: string) =>
      id === '$create' ? (isUnknown ? undefined : room.events('$ban')) : room.events(id)
    const { state } = resolveState(sets, { version: '12', events })
    expect(state.get('m.room.power_levels')).toBeUndefined()
  }
})

it('breaks ties as the specification says, whatever the order of the sets', () => {
  const room = openRoom()
  for (const id of ['$c', '$a', '$b']) room.send(id, 'm.room.topic', BOB, '', {}, '$create $levels $bob', 7)
  const sets = ['$a', '$b', '$c'].map((topic) => room.state(`${OPEN_STATE} ${topic}`))
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [1, 0, 2],
  ]) {
    const { state } = resolveState(
      order.map((i) => sets[i]!),
      { version: '10', events: room.events },
    )
    expect(state.get('m.room.topic')?.get('')).toBe('$c')
  }
})

it('breathes, so that nobody has to wait for a long one', () => {
  const room = openRoom()
  const users = Array.from({ length: 2000 }, (_, i) => `@user${i}:b.test`)
  for (const user of users)
    room.send(`$${user}`, 'm.room.member', user, user, { membership: 'join' }, '$create $levels $public')
  const sets = [
    room.state(OPEN_STATE),
    room.state([...OPEN_STATE.split(' '), ...users.map((user) => `$${user}`)]),
  ]
  const steps = [...resolvingState(sets, { version: '10', events: room.events })]
  expect(steps.length).toBeGreaterThan(20)
})

it.each(['1', '10'])('breathes after each invite whose signatures it verified, in version %s', (version) => {
  const room = openRoom(version)
  const levels = '$create $levels'
  room.send('$third', 'm.room.third_party_invite', ALICE, 'token', { public_keys: [] }, `${levels} $alice`)
  const signed = { mxid: '@carol:c.test', token: 'token', signatures: {} }
  const content = { membership: 'invite', third_party_invite: { signed } }
  const invites = Array.from({ length: 100 }, (_, i) => `$invite${i}`)
  for (const id of invites)
    room.send(id, 'm.room.member', ALICE, '@carol:c.test', content, `${levels} $alice $third`)
  const sets = invites.map((id) => room.state(`${OPEN_STATE} $third ${id}`))
  const breaths = [...resolvingState(sets, { version, events: room.events })].length
  // Version 1 stops at the first that is not allowed.
  expect(breaths).toBeGreaterThanOrEqual(version === '1' ? 2 : 100)
})

it.each(['1', '2', '10', '12'])('survives whatever a graph can look like, in version %s', (version) => {
  const room = new TestRoom(version)
    .send('$create', 'm.room.create', ALICE, '', { creator: ALICE }, '$create $nowhere')
    .send('$levels', 'm.room.power_levels', ALICE, '', { users: 'nobody' }, '$levels $other $create')
    .send('$other', 'm.room.power_levels', ALICE, '', {}, '$levels $other')
    .send('$alice', 'm.room.member', ALICE, ALICE, { membership: 'join' }, '$bob')
    .send('$bob', 'm.room.member', BOB, BOB, { membership: ['join'] }, '$alice $levels')
    .send('$kick', 'm.room.member', ALICE, BOB, { membership: 'leave' }, '$kick $bob $gone')
  const sets = [
    room.state('$create $levels $alice $bob'),
    room.state('$other $alice $kick'),
    new Map([['m.room.topic', new Map([['', '$unknown']])]]),
  ]
  for (const chain of ['production', 'letter'] as const) {
    const options = { version, events: room.events, chain, account: true }
    const forth = resolveState(sets, options)
    const back = resolveState(sets.toReversed(), options)
    expect(new Set(stateEntries(back.state))).toEqual(new Set(stateEntries(forth.state)))
  }
})

it('takes no longer than it must over thousands of auth events, long chains and many equals', () => {
  const room = openRoom()
  let levels = '$levels'
  for (let i = 0; i < 10_000; i++) {
    room.sendCiting(`$l${i}`, 'm.room.power_levels', ALICE, '', {}, ['$create', levels, '$alice'], 7)
    levels = `$l${i}`
  }
  const many = Array.from({ length: 10_000 }, (_, i) => `$l${i}`)
  for (let i = 0; i < 50; i++) {
    room.sendCiting(`$t${i}`, 'm.room.topic', BOB, `${i % 5}`, {}, [...many, '$create', '$bob'], 7)
  }
  const tips = Array.from({ length: 10 }, (_, i) => Array.from({ length: 5 }, (_t, j) => `$t${i * 5 + j}`))
  const sets = tips.map((topics, i) =>
    room.state(['$create', '$alice', '$bob', '$public', `$l${i * 1000}`, ...topics]),
  )
  // There are 10,055 events, and a citation is followed without looking its event up again.
  let lookups = 0
  const events = (id: string) => (lookups++, room.events(id))
  const breaths = [...resolvingState(sets, { version: '10', events, account: true })].length
  expect(lookups).toBeLessThan(50_000)
  expect(breaths).toBeLessThan(2_000)
})
