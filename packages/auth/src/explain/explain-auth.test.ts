import { describe, expect, it } from 'vitest'
import { createEvent, makeEvent, member, setting } from '../../test/room.ts'
import { authStateOf } from '../state.ts'
import { traceText, explainAuth } from './explain-auth.ts'
import { stepsTo } from './steps.ts'

const kick = member('8', '@alice:a.test', 'leave', { sender: '@bob:b.test' })

describe('explainAuth', () => {
  const create = createEvent('8', { 'm.federate': false })
  const levels = setting('8', 'm.room.power_levels', { users: { '@alice:a.test': 100 }, ban: 60 })

  it('tells the whole way to a verdict', () => {
    const open = createEvent('8')
    const state = authStateOf([open, levels, member('8', '@bob:b.test', 'join')])
    const text = traceText(explainAuth(kick, state)).replaceAll(/\$event\d+:/g, '$')
    expect(text).toMatchInlineSnapshot(`
      "refused: @bob:b.test has level 0, kicking @alice:a.test needs 50 and more than 100 (v8 4.5.5)
        v8 1  Type \`m.room.create\`:
        v8 2  The events in \`auth_events\`:
        v8 3  the create event has \`m.federate\` false, and its sender is of another server than this sender: reject
      > v8 4  Type \`m.room.member\`:
        v8 4.1  there is no \`state_key\` or no \`membership\`: reject
        v8 4.2  with \`join_authorised_via_users_server\`:
        v8 4.3  \`membership\` is \`join\`:
        v8 4.4  \`membership\` is \`invite\`:
      > v8 4.5  \`membership\` is \`leave\`:
        v8 4.5.1  \`sender\` is \`state_key\`: allow if the membership is \`invite\`, \`join\` or \`knock\`, else reject
        v8 4.5.2  the sender is not joined: reject
        v8 4.5.3  the target is banned and the sender's level is below the ban level: reject
        v8 4.5.4  the sender's level reaches the kick level and is above the target's: allow
      * v8 4.5.5  otherwise: reject
      = created by @alice:a.test ($a.test)
      = @bob:b.test has 0, @alice:a.test has 100, sending this takes 50, ban takes 60, kick takes 50, invite takes 0 ($a.test)
      = the membership of @bob:b.test is join ($b.test)
      = the membership of @alice:a.test is none (by default)
      https://spec.matrix.org/v1.19/rooms/v8/#authorisation-rules"
    `)
  })

  it('says where the way ends early', () => {
    const { steps, verdict } = explainAuth(kick, authStateOf([create, levels]))
    expect(verdict.rule).toBe('v8 3')
    expect(steps.map(({ outcome, rule }) => `${rule} ${outcome}`)).toEqual([
      'v8 1 passed over',
      'v8 2 passed over',
      'v8 3 decided',
    ])
  })

  it('reads creators and third-party invites, and what is not there', () => {
    const root = createEvent('12', { additional_creators: ['@second:c.test'], 'm.federate': false })
    const content = { membership: 'invite', third_party_invite: { signed: { token: 'abc' } } }
    const invite = makeEvent('12', { type: 'm.room.member', key: '@new:c.test', content })
    expect(explainAuth(invite, authStateOf([root])).readings.map(({ says }) => says)).toEqual([
      'created by @alice:a.test, @second:c.test, not federated',
      "@alice:a.test has above all (creator's), @new:c.test has 0, sending this takes 50, ban takes 50, kick takes 50, invite takes 0",
      'the membership of @alice:a.test is none',
      'the membership of @new:c.test is none',
      'the join rule is invite',
      'the third-party invite is by nobody',
    ])
    expect(explainAuth(invite, authStateOf([])).readings[0]?.says).toBe('the room does not exist')
  })

  it('says of a level that it cannot be read', () => {
    const odd = setting('9', 'm.room.power_levels', { kick: [50] })
    const says = explainAuth(kick, authStateOf([createEvent('9'), odd])).readings.map(
      (reading) => reading.says,
    )
    expect(says[1]).toBe(
      '@bob:b.test has 0, @alice:a.test has 0, sending this takes 50, ban takes 50, kick takes (unreadable), invite takes 0',
    )
  })

  it('names ten creators of a room at most, and nobody who is not a user', () => {
    const more = [5, null, ...Array.from({ length: 10 }, (_, i) => `@creator${i}:c.test`)]
    const root = createEvent('12', { additional_creators: more })
    const says = explainAuth(member('12', '@alice:a.test', 'join'), authStateOf([root])).readings[0]?.says
    expect(says).toBe(`created by ${['@alice:a.test', ...more.slice(2, 11)].join(', ')}`)
  })
})

it.each(['x v8 4.5.5', 'v8 4.5.5 x', 'v8  4.5.5', 'v8 99', 'v8 4.5.99', 'v99 1', 'history-visibility 1', ''])(
  'knows no steps to "%s"',
  (rule) => {
    expect(stepsTo(rule)).toEqual([])
  },
)
