import { trustedPdu } from '@roomserver/events'
import { describe, expect, it } from 'vitest'
import { createEvent, makeEvent, member, setting } from '../../test/room.ts'
import { checkAuth } from '../check-auth.ts'
import { authStateOf } from '../state.ts'

type Levels = Readonly<Record<string, unknown>>

const BASE: Levels = {
  users: { '@alice:a.test': 100, '@mod:a.test': 50, '@peer:a.test': 50, '@low:a.test': 10 },
  events: { 'm.room.name': 50, 'm.room.tombstone': 100 },
  notifications: { room: 60 },
  state_default: 50,
  ban: 70,
  kick: 50,
}
const users = (more: Levels) => ({ users: { ...(BASE['users'] as object), ...more } })
const events = (more: Levels) => ({ events: { ...(BASE['events'] as object), ...more } })

/** @mod:a.test, who has level 50, changes the levels of a room. */
function change(version: string, changes: Levels, key = '') {
  const state = authStateOf([
    createEvent(version),
    setting(version, 'm.room.power_levels', BASE),
    member(version, '@mod:a.test', 'join'),
  ])
  const content = { ...BASE, ...changes }
  return checkAuth(
    makeEvent(version, { type: 'm.room.power_levels', key, sender: '@mod:a.test', content }),
    state,
  )
}

describe('@mod:a.test with level 50 may', () => {
  it.each<readonly [string, Levels]>([
    ['change nothing', {}],
    ['set a level up to the own', { invite: 50, redact: 50 }],
    ['lower a level that is not above', { kick: 0 }],
    ['drop a level that is not above', { kick: undefined }],
    ['give a user up to the own level', users({ '@new:c.test': 50, '@low:a.test': 50 })],
    ['take a lower user’s level', users({ '@low:a.test': undefined })],
    ['step down', users({ '@mod:a.test': 0 })],
    ['set an event’s level up to the own', events({ 'm.room.topic': 50 })],
  ])('%s', (_what, changes) => {
    expect(change('10', changes)).toEqual({ allowed: true, rule: 'v10 9.10' })
  })
})

describe('@mod:a.test with level 50 may not', () => {
  it.each<readonly [string, Levels, string]>([
    ['lower a level above the own', { ban: 50 }, 'v10 9.5.1'],
    ['drop a level above the own', { ban: undefined }, 'v10 9.5.1'],
    ['raise a level above the own', { kick: 51 }, 'v10 9.5.2'],
    ['add a level above the own', { events_default: 51 }, 'v10 9.5.2'],
    ['lower an event’s level above the own', events({ 'm.room.tombstone': 5 }), 'v10 9.6.1'],
    ['drop an event’s level above the own', { events: {} }, 'v10 9.6.1'],
    ['lower a notification above the own', { notifications: { room: 5 } }, 'v10 9.6.1'],
    ['set an event’s level above the own', events({ 'm.room.name': 51 }), 'v10 9.7.1'],
    ['touch a user of the same level', users({ '@peer:a.test': 0 }), 'v10 9.8.1'],
    ['touch a user above', users({ '@alice:a.test': 50 }), 'v10 9.8.1'],
    ['drop a user of the same level', users({ '@peer:a.test': undefined }), 'v10 9.8.1'],
    ['give a user more than the own level', users({ '@new:c.test': 51 }), 'v10 9.9.1'],
    ['step up', users({ '@mod:a.test': 51 }), 'v10 9.9.1'],
  ])('%s', (_what, changes, rule) => {
    expect(change('10', changes)).toMatchObject({
      allowed: false,
      rule,
      reason: expect.stringMatching(/^\S.*\S$/),
    })
  })

  it('and is told the values', () => {
    expect(change('10', users({ '@peer:a.test': 0 }))).toMatchObject({
      reason: '@mod:a.test has level 50 and cannot change users.@peer:a.test from 50 to 0',
    })
  })
})

it('guards notifications from version 6 on', () => {
  expect(change('5', { notifications: { room: 5 } }).allowed).toBe(true)
  expect(change('6', { notifications: { room: 5 } }).rule).toBe('v6 9.4.1')
})

describe('the form', () => {
  it.each<readonly [string, Levels, string | true, string | true]>([
    // what,                        content,                       version 9,   version 10
    ['a level as text', { kick: '50' }, true, 'v10 9.1'],
    ['a user’s level as text', users({ '@low:a.test': ' 10' }), true, 'v10 9.3'],
    ['a level that is not a number', { kick: 'x' }, 'v9 9', 'v10 9.1'],
    ['a list as a level', { kick: [50] }, 'v9 9', 'v10 9.1'],
    ['null as a level', { kick: null }, 'v9 9', 'v10 9.1'],
    ['events that are not an object', { events: [] }, 'v9 9', 'v10 9.2'],
    ['an event’s level that is not a number', events({ x: {} }), 'v9 9', 'v10 9.2'],
    ['users that are not an object', { users: 'x' }, 'v9 9.1', 'v10 9.3'],
    ['a user without server', users({ '@x': 0 }), 'v9 9.1', 'v10 9.3'],
    ['a user with odd characters', users({ '@ä b:c.test': 0 }), true, true],
    ['a user of 256 bytes', users({ [`@${'ä'.repeat(125)}:c.te`]: 0 }), 'v9 9.1', 'v10 9.3'],
    ['a user called __proto__', users(JSON.parse('{"__proto__": 1}') as Levels), 'v9 9.1', 'v10 9.3'],
  ])('%s', (_what, changes, lenient, strict) => {
    for (const [version, expected] of [
      ['9', lenient],
      ['10', strict],
    ] as const) {
      const { allowed, rule } = change(version, changes)
      expect(allowed || rule, `version ${version}`).toBe(expected)
    }
  })
})

it.each([
  ['x'.repeat(58), `"${'x'.repeat(58)}"`],
  ['x'.repeat(59), `"${'x'.repeat(59)}`],
])('tells of a value that is not a level as much as 60 characters: %s', (kick, told) => {
  for (const levels of [{ kick }, events({ 'm.room.name': kick })]) {
    const verdict = change('10', levels)
    expect(verdict.allowed ? '' : verdict.reason.slice(-told.length - 1)).toBe(` ${told}`)
  }
})

// The text asks in versions 1 to 9 only that `users` can be read, and compares the rest with levels that are not there.
describe("a room's first power levels", () => {
  const first = (version: string, content: string) => {
    const state = authStateOf([createEvent(version), member(version, '@alice:a.test', 'join')])
    const event = makeEvent(version, { type: 'm.room.power_levels', key: '' })
    const json = event.json.replace('"content":{}', `"content":${content}`)
    return checkAuth(trustedPdu(json, event.eventId, event.rules), state)
  }
  it.each([
    // content,                          version 5,  version 9, version 10
    ['{"ban":"x"}', true, true, 'v10 9.1'],
    ['{"ban":null,"events_default":[]}', true, true, 'v10 9.1'],
    ['{"events":"x"}', true, true, 'v10 9.2'],
    ['{"events":{"x":{}},"notifications":5}', true, true, 'v10 9.2'],
    ['{"users":{"@b:b.test":1e20}}', true, true, 'v10 9.3'],
    ['{"users":{"@b:b.test":1e400}}', 'v5 10.1', 'v9 9.1', 'v10 9.3'],
    ['{"users":{"@b:b.test":null}}', 'v5 10.1', 'v9 9.1', 'v10 9.3'],
    ['{"users":{"@b:b.test":true}}', 'v5 10.1', 'v9 9.1', 'v10 9.3'],
    ['{"users":{"@b\\u0000:b.test":1}}', 'v5 10.1', 'v9 9.1', 'v10 9.3'],
    ['{"ban":1e400}', 'v5 10', 'v9 9', 'v10 9.1'],
    ['{"events":{"x":-1e400}}', 'v5 10', 'v9 9', 'v10 9.2'],
  ])('%s', (content, ...expected) => {
    for (const [index, version] of ['5', '9', '10'].entries()) {
      const { allowed, rule } = first(version, content)
      expect(allowed || rule, `version ${version}`).toBe(expected[index])
    }
  })
})

it('compares an event under another key with the levels of the room', () => {
  expect(change('10', users({ '@mod:a.test': 51 }), 'other').allowed).toBe(false)
})
