import { isFailure } from '@roomserver/types'
import { expect, it } from 'vitest'
import { ALICE, BOB, OPEN_STATE, openRoom, TestRoom } from '../../test/room.ts'
import { stateEntries } from '../state-map.ts'
import { traceText } from './trace-text.ts'
import { resolveState, resolvingState } from './resolve-state.ts'

/** Bob sets a topic while Alice bans Bob. */
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

it('gives one set back as it is, and writes no trace unasked', () => {
  const { room, sets } = banAndTopic()
  const [set] = sets
  const { trace, state } = resolveState([set!], { version: '10', events: room.events })
  expect(state).toEqual(set)
  expect(trace).toBeUndefined()
  expect(resolveState([], { version: '10', events: room.events }).state.size).toBe(0)
})

it('shares the maps of types that did not change', () => {
  const { room, sets } = banAndTopic()
  const { state } = resolveState(sets, { version: '10', events: room.events })
  expect(state.get('m.room.create')).toBe(sets[0]!.get('m.room.create'))
})

it('can say why, as data and as text', () => {
  const { room, sets } = banAndTopic()
  const { trace } = resolveState(sets, { version: '10', events: room.events, trace: true })
  expect(JSON.parse(JSON.stringify(trace))).toEqual(trace)
  expect(trace && traceText(trace)).toMatchInlineSnapshot(`
    "State resolution v2 over 2 state sets (auth chains: as-deployed)

    Conflicts:
      m.room.member @bob:b.test: $ban | $bob
      m.room.topic: $cats | $dogs

    Mainline, newest power levels first:
      $levels

    Checked, in order:
      [power] $bob m.room.member @bob:b.test of @bob:b.test: allowed by v10 4.3.6; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @bob:b.test = (none), m.room.join_rules = $public
      [power] $ban m.room.member @bob:b.test of @alice:a.test: allowed by v10 4.6.2; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @alice:a.test = $alice, m.room.member @bob:b.test = $bob
      [mainline, mainline 0] $cats m.room.topic of @alice:a.test: allowed by v10 10; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @alice:a.test = $alice
      [mainline, mainline 0] $dogs m.room.topic of @bob:b.test: not allowed by v10 5: @bob:b.test is not joined (membership: ban); against m.room.create = $create, m.room.power_levels = $levels, m.room.member @bob:b.test = $ban

    Outcome:
      m.room.member @bob:b.test = $ban: $ban of @alice:a.test was allowed by v10 4.6.2 and came last of the 2 allowed (ordered by auth references, then by power level of the sender, then by time).
      m.room.topic = $cats: $cats of @alice:a.test was allowed by v10 10. $dogs was not allowed by v10 5: @bob:b.test is not joined (membership: ban).

    Changes against state set 2:
      m.room.member @bob:b.test: $bob -> $ban
      m.room.topic: $dogs -> $cats
    "
  `)
})

it('tells of version 12 what lies between conflicted events, and of events that were rejected', () => {
  const room = openRoom('12')
    .send('$demotion', 'm.room.power_levels', ALICE, '', { users: { [BOB]: 10 } }, '$levels $alice')
    .send('$promotion', 'm.room.power_levels', ALICE, '', { users: { [BOB]: 60 } }, '$demotion $alice')
    .send('$rules', 'm.room.join_rules', ALICE, '', { join_rule: 'invite' }, '$demotion $alice')
    .send('$ban', 'm.room.member', BOB, '@eve:c.test', { membership: 'ban' }, '$promotion $bob')
    .send('$name', 'm.room.name', BOB, '', {}, '$promotion $bob')
    .send('$bad', 'm.room.name', ALICE, '', {}, '$levels $alice')
  const rest = '$create $alice $bob'
  const sets = [
    room.state(`${rest} $levels $public $bad`),
    room.state(`${rest} $promotion $rules $ban $name`),
    room.state(`${rest} $levels $rules`),
  ]
  const isRejected = (id: string) => id === '$bad'
  const { trace } = resolveState(sets, { version: '12', events: room.events, isRejected, trace: true })
  expect(trace && traceText(trace)).toMatchInlineSnapshot(`
    "State resolution v2.1 over 3 state sets (auth chains: as-deployed)

    Conflicts:
      m.room.member @eve:c.test: (none) | $ban | (none)
      m.room.power_levels: $levels | $promotion | $levels
      m.room.join_rules: $public | $rules | $rules
      m.room.name: $bad | $name | (none)

    Auth difference:
      $demotion

    Conflicted state subgraph:
      $demotion
      $bob

    Mainline, newest power levels first:
      $promotion
      $demotion
      $levels

    Checked, in order:
      [power] $levels m.room.power_levels of @alice:a.test: allowed by v12 10.5; against m.room.create = $create, m.room.power_levels = (none), m.room.member @alice:a.test = $alice
      [power] $public m.room.join_rules of @alice:a.test: allowed by v12 11; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @alice:a.test = $alice
      [power] $demotion m.room.power_levels of @alice:a.test: allowed by v12 10.11; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @alice:a.test = $alice
      [power] $promotion m.room.power_levels of @alice:a.test: allowed by v12 10.11; against m.room.create = $create, m.room.power_levels = $demotion, m.room.member @alice:a.test = $alice
      [power] $rules m.room.join_rules of @alice:a.test: allowed by v12 11; against m.room.create = $create, m.room.power_levels = $promotion, m.room.member @alice:a.test = $alice
      [power] $bob m.room.member @bob:b.test of @bob:b.test: not allowed by v12 5.3.7: the join rule is invite, and @bob:b.test is not invited (membership: none); against m.room.create = $create, m.room.power_levels = $promotion, m.room.member @bob:b.test = (none), m.room.join_rules = $rules
      [power] $ban m.room.member @eve:c.test of @bob:b.test: allowed by v12 5.6.2; against m.room.create = $create, m.room.power_levels = $promotion, m.room.member @bob:b.test = $bob, m.room.member @eve:c.test = (none)
      [mainline, mainline 2] $bad m.room.name of @alice:a.test: allowed by v12 11 (rejected when received); against m.room.create = $create, m.room.power_levels = $promotion, m.room.member @alice:a.test = $alice
      [mainline, mainline 0] $name m.room.name of @bob:b.test: allowed by v12 11; against m.room.create = $create, m.room.power_levels = $promotion, m.room.member @bob:b.test = $bob

    Outcome:
      m.room.member @eve:c.test = $ban: $ban of @bob:b.test was allowed by v12 5.6.2.
      m.room.power_levels = $promotion: $promotion of @alice:a.test was allowed by v12 10.11 and came last of the 3 allowed (ordered by auth references, then by power level of the sender, then by time).
      m.room.join_rules = $rules: $rules of @alice:a.test was allowed by v12 11 and came last of the 2 allowed (ordered by auth references, then by power level of the sender, then by time).
      m.room.name = $name: $name of @bob:b.test was allowed by v12 11.

    Changes against state set 1:
      m.room.member @eve:c.test: (none) -> $ban
      m.room.power_levels: $levels -> $promotion
      m.room.join_rules: $public -> $rules
      m.room.name: $bad -> $name

    Changes against state set 3:
      m.room.member @eve:c.test: (none) -> $ban
      m.room.power_levels: $levels -> $promotion
      m.room.name: (none) -> $name
    "
  `)
})

it('says of version 1 in which of its rounds an event was judged', () => {
  const room = openRoom('1')
    .send('$l2', 'm.room.power_levels', ALICE, '', { users: { [ALICE]: 100 } }, '$create $alice $levels')
    .send('$invite', 'm.room.join_rules', ALICE, '', { join_rule: 'invite' }, '$create $alice $levels')
    .send('$ban', 'm.room.member', ALICE, BOB, { membership: 'ban' }, '$create $alice $levels $bob')
    .send('$cats', 'm.room.topic', ALICE, '', {}, '$create $alice $levels')
    .send('$dogs', 'm.room.topic', BOB, '', {}, '$create $bob $levels')
    .send('$old', 'm.room.name', BOB, '', {}, '$create $bob $levels')
    .send('$new', 'm.room.name', BOB, '', {}, '$create $bob $levels')
    .send('$bad', 'org.example', ALICE, '', {}, '$create $alice $levels')
    .send('$worse', 'org.example', ALICE, '', {}, '$create $alice $levels')
  const sets = [
    room.state('$create $alice $levels $public $bob $dogs $old $bad'),
    room.state('$create $alice $l2 $invite $ban $cats $new $worse'),
  ]
  const isRejected = (id: string) => id === '$bad' || id === '$worse'
  const { trace } = resolveState(sets, { version: '1', events: room.events, isRejected, trace: true })
  expect(trace && traceText(trace)).toMatchInlineSnapshot(`
    "State resolution v1 over 2 state sets (auth chains: as-deployed)

    Conflicts:
      m.room.member @bob:b.test: $bob | $ban
      m.room.power_levels: $levels | $l2
      m.room.join_rules: $public | $invite
      m.room.topic: $dogs | $cats
      m.room.name: $old | $new
      org.example: $bad | $worse

    Checked, in order:
      [power-levels] $l2 m.room.power_levels of @alice:a.test: allowed by v1 10.8; against m.room.create = $create, m.room.power_levels = $levels, m.room.member @alice:a.test = $alice
      [join-rules] $invite m.room.join_rules of @alice:a.test: allowed by v1 12; against m.room.create = $create, m.room.power_levels = $l2, m.room.member @alice:a.test = $alice
      [members] $ban m.room.member @bob:b.test of @alice:a.test: allowed by v1 5.5.2; against m.room.create = $create, m.room.power_levels = $l2, m.room.member @alice:a.test = $alice, m.room.member @bob:b.test = $bob
      [others] $dogs m.room.topic of @bob:b.test: not allowed by v1 6: @bob:b.test is not joined (membership: ban); against m.room.create = $create, m.room.power_levels = $l2, m.room.member @bob:b.test = $ban
      [others] $cats m.room.topic of @alice:a.test: allowed by v1 12; against m.room.create = $create, m.room.power_levels = $l2, m.room.member @alice:a.test = $alice
      [others] $new m.room.name of @bob:b.test: not allowed by v1 6: @bob:b.test is not joined (membership: ban); against m.room.create = $create, m.room.power_levels = $l2, m.room.member @bob:b.test = $ban
      [others] $old m.room.name of @bob:b.test: not allowed by v1 6: @bob:b.test is not joined (membership: ban); against m.room.create = $create, m.room.power_levels = $l2, m.room.member @bob:b.test = $ban

    Outcome:
      m.room.member @bob:b.test = $ban: $ban of @alice:a.test was allowed by v1 5.5.2.
      m.room.power_levels = $l2: $l2 of @alice:a.test was allowed by v1 10.8.
      m.room.join_rules = $invite: $invite of @alice:a.test was allowed by v1 12.
      m.room.topic = $cats: $cats of @alice:a.test was allowed by v1 12. $dogs was not allowed by v1 6: @bob:b.test is not joined (membership: ban).
      m.room.name = $old: No candidate was allowed; the oldest one stays. $new was not allowed by v1 6: @bob:b.test is not joined (membership: ban). $old was not allowed by v1 6: @bob:b.test is not joined (membership: ban).
      org.example = (none): No candidate is known.

    Changes against state set 1:
      m.room.member @bob:b.test: $bob -> $ban
      m.room.power_levels: $levels -> $l2
      m.room.join_rules: $public -> $invite
      m.room.topic: $dogs -> $cats
      org.example: $bad -> (none)

    Changes against state set 2:
      m.room.name: $new -> $old
      org.example: $worse -> (none)
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
  const { trace, state } = resolveState(sets, { version: '10', events: room.events, trace: true })
  expect(trace?.authDifference).toEqual(['$bob'])
  expect(state.get('m.room.member')?.get(BOB)).toBe('$bob')
  expect(state.get('m.room.topic')?.get('')).toBe('$dogs')
  expect(trace?.changes[0]?.map(({ to }) => to).toSorted()).toEqual(['$bob', '$dogs'])
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
  for (const chain of ['as-deployed', 'as-specified'] as const) {
    const options = { version, events: room.events, chain, trace: true }
    const { trace, state } = resolveState(sets, options)
    expect(state.get('m.room.topic')?.get('')).toBe('$topic69')
    expect(trace?.authDifference).toEqual([])
  }
})

/** Alice, a creator, takes Bob's power away while Bob bans Carol. */
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
    const { state } = resolveState(sets, { version: '12', events, unknownAuthEvents: 'ignored' })
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

it.each([
  ['joins', 'm.room.member', { membership: 'join' }, '$create $levels $public', 82],
  ['bans', 'm.room.member', { membership: 'ban' }, '$create $levels $alice', 104],
  ['other events', 'org.example', {}, '$create $levels $alice', 82],
])('yields in every pass over thousands of %s', (_what, type, content, cites, expected) => {
  const room = openRoom()
  const users = Array.from({ length: 3_000 }, (_, i) => `@user${i}:b.test`)
  for (const user of users) {
    const sender = 'membership' in content && content.membership === 'join' ? user : ALICE
    room.send(`$${user}`, type, sender, user, content, cites)
  }
  const sets = [
    room.state(OPEN_STATE),
    room.state([...OPEN_STATE.split(' '), ...users.map((user) => `$${user}`)]),
  ]
  // A pass that yields no more makes it fewer.
  expect([...resolvingState(sets, { version: '10', events: room.events })]).toHaveLength(expected)
})

it('shares the entries of a type with the first state set, where nothing of them changes', () => {
  const room = openRoom()
  for (const id of ['$a', '$b']) room.send(id, 'm.room.topic', BOB, '', {}, '$create $levels $bob', 7)
  for (const id of ['$x', '$y']) room.send(id, 'org.example', BOB, '', {}, '$create $levels $bob', 7)
  const sets = ['$b $x', '$a $y'].map((more) => room.state(`${OPEN_STATE} ${more}`))
  const { state } = resolveState(sets, { version: '10', events: room.events })
  expect(state).toEqual(room.state(`${OPEN_STATE} $b $y`))
  const shared = [...state.keys()].filter((type) => state.get(type) === sets[0]?.get(type))
  expect(shared.toSorted()).toEqual([...state.keys()].filter((type) => type !== 'org.example').toSorted())
})

it.each(['1', '10'])('yields after each invite whose signatures it verified, in version %s', (version) => {
  const room = openRoom(version)
  const levels = '$create $levels'
  room.send('$third', 'm.room.third_party_invite', ALICE, 'token', { public_keys: [] }, `${levels} $alice`)
  const signed = { mxid: '@carol:c.test', token: 'token', signatures: {} }
  const content = { membership: 'invite', third_party_invite: { signed } }
  const invites = Array.from({ length: 100 }, (_, i) => `$invite${i}`)
  for (const id of invites)
    room.send(id, 'm.room.member', ALICE, '@carol:c.test', content, `${levels} $alice $third`)
  const sets = invites.map((id) => room.state(`${OPEN_STATE} $third ${id}`))
  const yields = [...resolvingState(sets, { version, events: room.events })].length
  // Version 1 stops at the first that is not allowed.
  expect(yields).toBeGreaterThanOrEqual(version === '1' ? 2 : 100)
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
    room.state('$create $bob'),
  ]
  for (const chain of ['as-deployed', 'as-specified'] as const) {
    const options = {
      version,
      events: room.events,
      chain,
      trace: true,
      unknownAuthEvents: 'ignored',
    } as const
    const forth = resolveState(sets, options)
    const back = resolveState(sets.toReversed(), options)
    expect(new Set(stateEntries(back.state))).toEqual(new Set(stateEntries(forth.state)))
  }
})

it('looks no event up more than twice over thousands of auth events, long chains and many equals', () => {
  const room = openRoom()
  const content = { users: { [ALICE]: 100, [BOB]: 50 }, state_default: 0 }
  let levels = '$levels'
  for (let i = 0; i < 3_000; i++) {
    room.sendReferencing(
      `$l${i}`,
      'm.room.power_levels',
      ALICE,
      '',
      content,
      ['$create', levels, '$alice'],
      7,
    )
    levels = `$l${i}`
  }
  const many = Array.from({ length: 3_000 }, (_, i) => `$l${i}`)
  for (let i = 0; i < 50; i++) {
    room.sendReferencing(`$t${i}`, 'm.room.topic', BOB, `${i % 5}`, {}, [...many, '$create', '$bob'], 7)
  }
  const tips = Array.from({ length: 10 }, (_, i) => Array.from({ length: 5 }, (_t, j) => `$t${i * 5 + j}`))
  const sets = tips.map((topics, i) =>
    room.state(['$create', '$alice', '$bob', '$public', `$l${i * 300}`, ...topics]),
  )
  const asked = new Map<string, number>()
  const events = (id: string) => {
    asked.set(id, 1 + (asked.get(id) ?? 0))
    return room.events(id)
  }
  const { trace } = resolveState(sets, { version: '10', events, trace: true })
  // Once for the event itself, and once more where what the unconflicted part cites is looked for.
  expect(Math.max(...asked.values())).toBeLessThanOrEqual(2)
  // All are of one time, so the greatest ID comes last.
  expect(trace?.conflicts.map(({ winner }) => winner)).toEqual(['$l900', '$t5', '$t6', '$t7', '$t8', '$t9'])
})
