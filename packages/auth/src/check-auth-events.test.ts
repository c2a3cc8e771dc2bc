import type { Pdu } from '@roomserver/events'
import { describe, expect, it } from 'vitest'
import { createEvent, type EventOptions, makeEvent, member, setting } from '../test/room.ts'
import { checkAuthEvents } from './check-auth-events.ts'

const create = createEvent('10')
const levels = setting('10', 'm.room.power_levels', {})
const otherLevels = setting('10', 'm.room.power_levels', {})
const topic = setting('10', 'm.room.topic', {})
const alice = member('10', '@alice:a.test', 'join')
const elsewhere = member('10', '@alice:a.test', 'join', { room: '!other:a.test' })
const message = makeEvent('10', {})
const rejected = member('10', '@alice:a.test', 'join')
const known = [create, levels, otherLevels, topic, alice, elsewhere, message, rejected]

function judge(options: EventOptions, auth: readonly Pdu[], version = '10') {
  const ids = auth.map(({ eventId }) => eventId)
  return checkAuthEvents(makeEvent(version, { ...options, auth: ids }), {
    get: (id) => known.find(({ eventId }) => eventId === id),
    isRejected: (id) => id === rejected.eventId,
  })
}

it.each<readonly [string, readonly Pdu[], string]>([
  ['a second event for a key', [create, levels, otherLevels, alice], 'v10 2.1'],
  ['the same event twice', [create, levels, levels], 'v10 2.1'],
  ['a topic, which has no say', [create, topic], 'v10 2.2'],
  ['an event without state key', [create, message], 'v10 2.2'],
  ['a rejected event', [create, rejected], 'v10 2.3'],
  ['no create event', [levels, alice], 'v10 2.4'],
  ['nothing', [], 'v10 2.4'],
  ['an event of another room', [create, elsewhere], 'v10 2.5'],
])('refuses to reference %s', (_what, auth, rule) => {
  expect(judge({}, auth)).toMatchObject({ allowed: false, rule, reason: expect.stringMatching(/^\S.*\S$/) })
})

it.each<readonly [string, readonly Pdu[], string, readonly Pdu[]]>([
  [
    'a second event for a key',
    [create, levels, otherLevels],
    `${otherLevels.eventId} is the second cited event of type m.room.power_levels with state key ""`,
    [otherLevels],
  ],
  [
    'a topic',
    [create, topic],
    `${topic.eventId} of type m.room.topic with state key "" has no say here`,
    [topic],
  ],
  [
    'an event without state key',
    [create, message],
    `${message.eventId} of type m.room.message with no state key has no say here`,
    [message],
  ],
  ['a rejected event', [create, rejected], `${rejected.eventId} was rejected itself`, [rejected]],
  ['no create event', [levels], 'no create event is cited', [levels]],
  [
    'an event of another room',
    [create, elsewhere],
    `${elsewhere.eventId} is of room !other:a.test`,
    [elsewhere],
  ],
])('says why it refuses %s, and by which events', (_what, auth, reason, events) => {
  const ids = events.map(({ eventId }) => eventId)
  expect(judge({}, auth)).toMatchObject({ reason, events: ids })
})

it.each([
  ['no state key', { content: { membership: 'join' } }, 'the event has no state_key'],
  ['no membership', { key: '@b:b.test' }, 'the event has no membership'],
  [
    'a membership that is not a string',
    { key: '@b:b.test', content: { membership: {} } },
    'the event has no membership',
  ],
])('refuses a member event with %s, whatever the state', (_what, options, reason) => {
  const verdict = judge({ type: 'm.room.member', ...options }, [create])
  expect(verdict).toEqual({ allowed: false, rule: 'v10 4.1', reason, events: [] })
})

it('allows what belongs there', () => {
  expect(judge({}, [create, levels, alice]).allowed).toBe(true)
})

it('refuses to judge by what is not known', () => {
  const verdict = checkAuthEvents(makeEvent('10', { auth: ['$unknown'] }), {
    get: () => undefined,
    isRejected: () => false,
  })
  expect(verdict).toMatchObject({ allowed: false, rule: 'v10 2', reason: '$unknown is not known' })
})

describe('a restricted join', () => {
  const join = (user: unknown, signatures: object) =>
    judge(
      {
        type: 'm.room.member',
        key: '@bob:b.test',
        sender: '@bob:b.test',
        content: { membership: 'join', join_authorised_via_users_server: user },
        more: { signatures },
      },
      [create],
    )

  it.each([
    ['signed by the server of the user it names', '@alice:a.test', { 'a.test': {}, 'b.test': {} }, true],
    ['not signed by that server', '@alice:a.test', { 'b.test': {} }, false],
    ['with a user who has no server', 'alice', { 'b.test': {} }, false],
    ['with something that is not a user', 5, { 'b.test': {} }, false],
    ['with null, which names nobody', null, { 'b.test': {} }, true],
  ])('%s', (_what, user, signatures, allowed) => {
    const verdict = join(user, signatures)
    expect(verdict.allowed).toBe(allowed)
    if (verdict.allowed) return
    const reason = `the server of ${JSON.stringify(user)}, who authorised the join, has not signed`
    expect(verdict).toEqual({ allowed: false, rule: 'v10 4.2.1', reason, events: [] })
  })
})

it('asks for no such signature of other memberships, and of none before version 8', () => {
  const options = { type: 'm.room.member', key: '@bob:b.test', sender: '@bob:b.test' }
  const content = (membership: string) => ({ membership, join_authorised_via_users_server: '@alice:a.test' })
  expect(judge({ ...options, content: content('leave') }, [create]).allowed).toBe(true)
  const old = createEvent('7')
  const event = makeEvent('7', { ...options, content: content('join'), auth: [old.eventId] })
  expect(checkAuthEvents(event, { get: () => old, isRejected: () => false }).allowed).toBe(true)
})

describe('room version 12', () => {
  const root = createEvent('12')
  const event = makeEvent('12', { room: `!${root.eventId.slice(1)}` })
  const judgeIn = (room: Pdu | undefined, isRejected = false) =>
    checkAuthEvents(event, { get: () => room, isRejected: () => isRejected })

  it('needs no create event among those referenced: the room ID names it', () => {
    expect(judgeIn(root).allowed).toBe(true)
  })

  it.each([
    ['unknown', undefined, false],
    ['no create event', makeEvent('12', {}), false],
    ['rejected', root, true],
  ])('refuses when the event that the room ID names is %s', (_what, room, isRejected) => {
    expect(judgeIn(room, isRejected)).toMatchObject({ allowed: false, rule: 'v12 2' })
  })

  it('refuses a create event among those referenced', () => {
    const referencing = makeEvent('12', { room: event.roomId, auth: [root.eventId] })
    const verdict = checkAuthEvents(referencing, { get: () => root, isRejected: () => false })
    expect(verdict).toMatchObject({ allowed: false, rule: 'v12 3.2' })
  })
})
