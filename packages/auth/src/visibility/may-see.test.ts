import { describe, expect, it } from 'vitest'
import { makeEvent, member, setting } from '../../test/room.ts'
import { authStateOf } from '../state.ts'
import { mayServerSee, mayUserSee } from './may-see.ts'

const BOB = '@bob:b.test'
const message = makeEvent('10', {})
const visibility = (value: unknown) =>
  setting('10', 'm.room.history_visibility', { history_visibility: value })

/** The state before an event: a visibility and Bob's membership, `''` for none of it. */
function before(value: string, membership: string) {
  return [
    ...(value === '' ? [] : [visibility(value)]),
    ...(membership === '' ? [] : [member('10', BOB, membership)]),
  ]
}

const see = (value: string, membership: string, joinedLater: boolean, event = message) =>
  mayUserSee(event, { user: BOB, before: authStateOf(before(value, membership)), joinedLater })

describe('a message', () => {
  it.each([
    // visibility,    membership, joined later, visible, rule
    ['world_readable', '', false, true, 1],
    ['world_readable', 'ban', false, true, 1],
    ['joined', 'join', false, true, 2],
    ['joined', 'invite', true, false, 5],
    ['joined', '', true, false, 5],
    ['invited', 'join', false, true, 2],
    ['invited', 'invite', false, true, 4],
    ['invited', 'leave', true, false, 5],
    ['shared', '', true, true, 3],
    ['shared', 'leave', false, false, 5],
    ['shared', 'invite', false, false, 5],
    ['', '', true, true, 3],
    ['nonsense', '', true, true, 3],
    ['__proto__', '', false, false, 5],
  ])(
    'visibility "%s", membership "%s", joined later: %s',
    (value, membership, joinedLater, visible, rule) => {
      expect(see(value, membership, joinedLater)).toMatchObject({
        visible,
        rule: `history-visibility ${rule}`,
      })
    },
  )

  it.each([
    ['world_readable', '', false, 'the history was open to the world'],
    ['joined', 'join', false, '@bob:b.test was joined'],
    ['shared', '', true, 'the history was shared, and @bob:b.test joined later'],
    ['invited', 'invite', false, '@bob:b.test was invited, and the history was open to the invited'],
    [
      'joined',
      '',
      false,
      'the history visibility was joined; @bob:b.test was not joined (membership: none) and has not joined since',
    ],
  ])('with visibility %s, membership "%s", joined later %s, says why', (value, membership, later, reason) => {
    expect(see(value, membership, later).reason).toBe(reason)
  })

  it('says why it cannot be seen', () => {
    expect(see('invited', 'leave', true).reason).toBe(
      'the history visibility was invited; @bob:b.test was not joined (membership: leave) and joined later',
    )
  })
})

describe('an event that changes what counts', () => {
  it.each([
    ['closing the history to those joined', 'world_readable', visibility('joined'), true],
    ['opening the history to the world', 'joined', visibility('world_readable'), true],
    [
      'an event of another type with a visibility in it',
      'joined',
      makeEvent('10', { type: 'm.room.topic', key: '', content: { history_visibility: 'world_readable' } }),
      false,
    ],
    [
      'a message with a visibility in it',
      'joined',
      makeEvent('10', { content: { history_visibility: 'world_readable' } }),
      false,
    ],
    [
      'a setting under another key',
      'joined',
      makeEvent('10', { ...visibility('world_readable'), key: 'x' }),
      false,
    ],
  ])('%s', (_what, value, event, visible) => {
    expect(see(value, '', false, event).visible).toBe(visible)
  })

  it.each([
    ['their own join', 'joined', '', member('10', BOB, 'join'), true],
    ['their being banned', 'joined', 'join', member('10', BOB, 'ban'), true],
    ['their invite to a room for the invited', 'invited', '', member('10', BOB, 'invite'), true],
    ['their leaving while invited', 'invited', 'invite', member('10', BOB, 'leave'), true],
    ["somebody else's join", 'joined', '', member('10', '@eve:b.test', 'join'), false],
    [
      'an event of another type with their ID as its key and a membership in it',
      'joined',
      '',
      makeEvent('10', { type: 'org.example.badge', key: BOB, content: { membership: 'join' } }),
      false,
    ],
  ])('%s', (_what, value, membership, event, visible) => {
    expect(see(value, membership, false, event).visible).toBe(visible)
  })
})

describe('a server', () => {
  const serve =
    (server: string, value: string, membership: string, joinedLater = false, event = message) =>
    () =>
      mayServerSee(event, {
        server,
        before: authStateOf(before(value, '')),
        members: [member('10', '@eve:c.test', 'join'), ...before('', membership)],
        joinedLater,
      }).visible

  it.each([
    ['of a joined user', serve('b.test', 'joined', 'join'), true],
    ['of an invited user, for those joined', serve('b.test', 'joined', 'invite'), false],
    ['of an invited user, for the invited', serve('b.test', 'invited', 'invite'), true],
    ['that came later to a shared history', serve('b.test', 'shared', '', true), true],
    ['without users', serve('b.test', 'shared', ''), false],
    ['without users, before the world', serve('b.test', 'world_readable', ''), true],
    ['whose user is just joining', serve('b.test', 'joined', '', false, member('10', BOB, 'join')), true],
    [
      'with an event of another type about its user',
      serve(
        'b.test',
        'joined',
        '',
        false,
        makeEvent('10', { type: 'x', key: BOB, content: { membership: 'join' } }),
      ),
      false,
    ],
    ['called like the end of another', serve('test', 'joined', 'join'), false],
  ])('%s', (_what, visible, expected) => {
    expect(visible()).toBe(expected)
  })
})
