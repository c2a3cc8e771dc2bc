import type { JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { excuseOf, truthOf } from '../../test/traffic/findings.ts'
import { Announcements } from './announcements.ts'

const EVENT = {
  _event_id: '$said',
  _room_version: '10',
  room_id: '!room:a',
  type: 'm.room.message',
  sender: '@alice:a',
  content: { body: 'said' },
  depth: 5,
}

it('excuses an event that was redacted before it was told, and nothing else that differs in an event', () => {
  const excuse = (got: JsonObject, outputs: readonly JsonObject[]) =>
    excuseOf(
      {
        of: 'output new_room_event $said',
        problem: 'content',
        difference: { path: 'event', expected: EVENT, got },
      },
      truthOf({ ours: new Announcements(outputs) }),
    )
  const outputs = [{ type: 'redacted_event', redacted_event: { RedactedEventID: '$said' } }]
  const redacted = { ...EVENT, content: {}, unsigned: { redacted_because: {} } }
  expect(excuse(redacted, outputs)).toBe('redacted-meanwhile')
  expect(excuse(redacted, [])).toBeUndefined()
  expect(excuse({ ...redacted, depth: 6 }, outputs)).toBeUndefined()
  expect(excuse({ ...EVENT, content: { body: 'other' } }, outputs)).toBeUndefined()
})

it('excuses an answer about an event whose state only the recorded server lacks, and no other failure', () => {
  const excuse = (Type: string, got: JsonObject, of = '/api/roomserver/queryServerAllowedToSeeEvent') =>
    excuseOf({ of, problem: 'status', expectedStatus: 500, expected: { Type, Message: 'no' }, got })
  expect(excuse('types.MissingEventError', { can_see_event: false })).toBe('has-the-state')
  expect(excuse('types.MissingEventError', { can_see_event: true })).toBe('has-the-state')
  expect(excuse('types.MissingEventError', { Type: 'error', Message: 'ours' })).toBeUndefined()
  expect(excuse('types.OtherError', { can_see_event: true })).toBeUndefined()
  expect(excuse('types.MissingEventError', { can_see_event: true }, '/api/roomserver/x')).toBeUndefined()
})

describe('an event that is visible by what it changes itself', () => {
  const member = (user: string, membership: string) => ({
    ...EVENT,
    type: 'm.room.member',
    state_key: user,
    content: { membership },
  })
  const visibility = { ...EVENT, type: 'm.room.history_visibility', state_key: '' }
  const excuse = (got: readonly JsonObject[], expected: readonly JsonObject[] = [EVENT]) =>
    excuseOf({
      of: '/api/roomserver/queryMissingEvents',
      problem: 'answer',
      request: { server_name: 'b.test' },
      difference: { path: 'events', expected, got },
    })

  it.each([
    ['the join of a user of the asker', member('@bob:b.test', 'join'), 'visibility-change-is-visible'],
    ['an invite of one', member('@bob:b.test', 'invite'), 'visibility-change-is-visible'],
    ['another visibility', visibility, 'visibility-change-is-visible'],
    ['somebody else’s join', member('@eve:c.test', 'join'), undefined],
    ['a join at a server called like the end of it', member('@eve:ab.test', 'join'), undefined],
    ['a user’s leave', member('@bob:b.test', 'leave'), undefined],
    ['a message', { ...EVENT, _event_id: '$other' }, undefined],
  ])('%s may be given to a server that asks for missing events', (_what, event, id) => {
    expect(excuse([event, EVENT])).toBe(id)
  })

  it('excuses none that is left out, and no other order', () => {
    const [join, other] = [member('@bob:b.test', 'join'), { ...EVENT, _event_id: '$other' }]
    expect(excuse([join], [EVENT])).toBeUndefined()
    expect(excuse([EVENT], [EVENT, join])).toBeUndefined()
    expect(excuse([join, other, EVENT], [EVENT, other])).toBeUndefined()
  })

  it('may be seen by a server that asks for it alone', () => {
    const ask = (expected: boolean, got: boolean) =>
      excuseOf({
        of: '/api/roomserver/queryServerAllowedToSeeEvent',
        problem: 'answer',
        expected: { can_see_event: expected },
        got: { can_see_event: got },
      })
    expect(ask(false, true)).toBe('visibility-change-is-visible')
    expect(ask(true, false)).toBeUndefined()
  })
})

describe('an event from before the room said anything of its history visibility', () => {
  const output = { type: 'new_room_event', new_room_event: { event: { ...EVENT, prev_events: ['$before'] } } }
  const excuse = (types: readonly string[] | undefined, expected = 'joined', got = 'shared') =>
    excuseOf(
      {
        of: 'output new_room_event $x',
        problem: 'content',
        difference: { path: 'history_visibility', expected, got },
        got: output,
      },
      truthOf({ typesUpTo: () => types && new Set(types) }),
    )

  it('is shared, and not joined', () => {
    expect(excuse(['m.room.create'])).toBe('visibility-default')
    expect(excuse(['m.room.create'], 'joined', 'invited')).toBeUndefined()
    expect(excuse(['m.room.create'], 'invited')).toBeUndefined()
    expect(excuse(['m.room.create', 'm.room.history_visibility'])).toBeUndefined()
    expect(excuse(undefined)).toBeUndefined()
  })
})

it('excuses an invite that went into the room with the state that shows it, and no other unsigned data', () => {
  const invite = { ...EVENT, type: 'm.room.member', state_key: '@bob:b', content: { membership: 'invite' } }
  const excuse = (got: JsonObject, of = 'output new_room_event $said') =>
    excuseOf({ of, problem: 'content', difference: { path: 'event', expected: invite, got } })
  const shown = { ...invite, unsigned: { invite_room_state: [{ type: 'm.room.name' }] } }
  expect(excuse(shown)).toBe('invite-as-it-came')
  expect(excuse(shown, 'output new_invite_event $said')).toBeUndefined()
  expect(excuse({ ...shown, unsigned: { ...shown.unsigned, redacted_because: {} } })).toBeUndefined()
  expect(excuse({ ...shown, content: { membership: 'join' } })).toBeUndefined()
  expect(excuse({ ...shown, type: 'm.room.message' })).toBeUndefined()
})
