import type { JsonObject } from '@roomserver/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { built, rulesOf, STABLE_VERSIONS, wireObject } from '../test/fixture-events.ts'
import { eventIdOf, redactEvent, redactJson } from './raw-event.ts'

const contentAfter = (version: string, type: string, content: unknown) =>
  (JSON.parse(redactJson({ type, content } as JsonObject, rulesOf(version))) as JsonObject)['content']

describe('redaction keeps', () => {
  it.each<[string, JsonObject, (JsonObject | 'all')[]]>([
    // type, content, what remains in versions 1, 8 and 11
    ['m.room.message', { body: 'x' }, [{}, {}, {}]],
    ['m.room.create', { creator: '@a:b', x: 1 }, [{ creator: '@a:b' }, { creator: '@a:b' }, 'all']],
    ['m.room.aliases', { aliases: ['#a:b'] }, ['all', {}, {}]],
    ['m.room.join_rules', { join_rule: 'x', allow: [] }, [{ join_rule: 'x' }, 'all', 'all']],
    ['m.room.history_visibility', { history_visibility: 'x' }, ['all', 'all', 'all']],
    ['m.room.redaction', { redacts: '$x', reason: 'y' }, [{}, {}, { redacts: '$x' }]],
  ])('of %s %j: %j', (type, content, expected) => {
    const remains = ['1', '8', '11'].map((version) => contentAfter(version, type, content))
    expect(remains).toEqual(expected.map((each) => (each === 'all' ? content : each)))
  })

  it.each([
    ['8', { membership: 'join' }],
    ['9', { membership: 'join', join_authorised_via_users_server: '@x:y' }],
    [
      '11',
      { membership: 'join', join_authorised_via_users_server: '@x:y', third_party_invite: { signed: 5 } },
    ],
  ])('of a membership event in version %s: %j', (version, expected) => {
    const invite = { display_name: 'x', signed: 5 }
    const more = { join_authorised_via_users_server: '@x:y', third_party_invite: invite, displayname: 'x' }
    expect(contentAfter(version, 'm.room.member', { membership: 'join', ...more })).toEqual(expected)
  })

  it('nothing of a third_party_invite that is not an object', () => {
    expect(contentAfter('11', 'm.room.member', { third_party_invite: [1] })).toEqual({})
  })

  it('the power levels, from version 11 on with `invite`', () => {
    const levels = {
      ban: 1,
      events: {},
      events_default: 1,
      kick: 1,
      redact: 1,
      state_default: 1,
      users: {},
      users_default: 1,
    }
    const content = { ...levels, invite: 1, notifications: {} }
    expect(contentAfter('10', 'm.room.power_levels', content)).toEqual(levels)
    expect(contentAfter('11', 'm.room.power_levels', content)).toEqual({ ...levels, invite: 1 })
  })

  it('other members at the top up to version 10 and from 11 on', () => {
    const event = {
      type: 'x',
      origin: 'a',
      membership: 'b',
      prev_state: [],
      unsigned: {},
      redacts: '$x',
      age_ts: 1,
    }
    expect(redactJson(event, rulesOf('10'))).toBe(
      '{"membership":"b","origin":"a","prev_state":[],"type":"x"}',
    )
    expect(redactJson(event, rulesOf('11'))).toBe('{"type":"x"}')
  })

  it('the room ID, except of a create event that the room is named after', () => {
    for (const type of ['m.room.create', 'm.room.topic'])
      for (const version of ['11', '12']) {
        const event = { type, room_id: '!r' }
        const isLeftOut = version === '12' && type === 'm.room.create'
        const kept = isLeftOut ? { type } : { room_id: '!r', type }
        expect(redactJson(event, rulesOf(version)), `${type} in ${version}`).toBe(JSON.stringify(kept))
      }
  })

  it('numbers as they are written, since the hash is made of the text', () => {
    const text = '{"content":{"ban":1.50,"users":{"@a:b":18446744073709551616}},"type":"m.room.power_levels"}'
    expect(redactJson(text, rulesOf('3'))).toBe(text)
  })
})

describe('a redacted event', () => {
  it.each(STABLE_VERSIONS)('of version %s has the same ID and redacts to itself', async (version) => {
    const event = await built(version)
    const redacted = redactEvent(event)
    expect(redacted).toMatchObject({ eventId: event.eventId, content: {} })
    expect(eventIdOf(redacted.json, rulesOf(version))).toBe(event.eventId)
    expect(redactEvent(redacted).json).toBe(redacted.json)
  })

  it('does so whatever its members are', async () => {
    const event = await wireObject()
    const types = fc.constantFrom(
      'm.room.member',
      'm.room.create',
      'm.room.power_levels',
      '__proto__',
      'm.room.aliases',
    )
    const names = fc.constantFrom(
      'membership',
      'third_party_invite',
      'users',
      'creator',
      '__proto__',
      'signed',
    )
    const contents = fc
      .array(fc.tuple(names, fc.jsonValue()))
      .map((all) => Object.fromEntries(all) as JsonObject)
    fc.assert(
      fc.property(types, contents, fc.constantFrom(...STABLE_VERSIONS), (type, content, version) => {
        const rules = rulesOf(version)
        const redacted = redactJson({ ...event, type, content }, rules)
        expect(redactJson(redacted, rules)).toBe(redacted)
        expect(eventIdOf(redacted, rules)).toBe(eventIdOf({ ...event, type, content }, rules))
      }),
    )
  })
})
