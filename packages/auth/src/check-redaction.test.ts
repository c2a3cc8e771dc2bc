import { expect, it } from 'vitest'
import { createEvent, makeEvent, setting } from '../test/room.ts'
import { checkRedaction } from './check-redaction.ts'
import { authStateOf } from './state.ts'

function judge(
  version: string,
  sender: string,
  author: string,
  options: { room?: string; redacts?: string } = {},
) {
  const target = makeEvent(version, { sender: author })
  const redacts = options.redacts ?? target.eventId
  const redaction = makeEvent(version, {
    type: 'm.room.redaction',
    sender,
    content: { redacts },
    more: { redacts },
    ...(options.room === undefined ? {} : { room: options.room }),
  })
  const levels = setting(version, 'm.room.power_levels', { users: { '@mod:a.test': 50 } })
  return checkRedaction(redaction, target, authStateOf([createEvent(version), levels]))
}

it.each([
  // version, sender,         author,        allowed, rule
  ['1', '@mod:a.test', '@bob:b.test', true, 'v1 11.1'],
  ['1', '@eve:b.test', '@bob:b.test', true, 'v1 11.2'],
  ['1', '@eve:c.test', '@bob:b.test', false, 'v1 11.3'],
  ['3', '@mod:a.test', '@bob:b.test', true, 'v3 handling-redactions 1'],
  ['10', '@eve:b.test', '@bob:b.test', true, 'v10 handling-redactions 2'],
  ['11', '@eve:c.test', '@bob:b.test', false, 'v11 handling-redactions'],
] as const)('version %s: %s redacts %s', (version, sender, author, allowed, rule) => {
  expect(judge(version, sender, author)).toMatchObject({ allowed, rule })
})

it('says what it would take', () => {
  expect(judge('11', '@eve:c.test', '@bob:b.test')).toMatchObject({
    reason: '@eve:c.test has level 0, redacting needs 50 or an event of c.test, not b.test',
  })
})

it('says that it is of another room, or of another event', () => {
  const elsewhere = judge('11', '@mod:a.test', '@bob:b.test', { room: '!else:a.test' })
  const other = judge('11', '@mod:a.test', '@bob:b.test', { redacts: '$else' })
  const rule = 'v11 handling-redactions'
  const reason = expect.stringMatching(/^\$event\S+ is of another room, !room:a\.test$/)
  expect(elsewhere).toMatchObject({
    allowed: false,
    rule,
    reason,
    events: [expect.stringContaining('$event')],
  })
  const allowed = expect.stringMatching(/^\$event\S+ is no redaction of \$event\S+$/)
  expect(other).toMatchObject({ allowed: false, rule, reason: allowed })
})

it('has no effect in another room, or on another event', () => {
  expect(judge('11', '@mod:a.test', '@bob:b.test', { room: '!else:a.test' }).allowed).toBe(false)
  expect(judge('11', '@mod:a.test', '@bob:b.test', { redacts: '$else' }).allowed).toBe(false)
})
