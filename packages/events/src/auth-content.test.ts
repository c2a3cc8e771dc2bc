import type { JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { built, rulesOf, STABLE_VERSIONS } from '../test/fixture-events.ts'
import { authContentLost, authPdu, contentState, redactEvent, trustedPdu } from './raw-event.ts'

const INVITE = { display_name: 'Bob', signed: { mxid: '@b:b', token: 't' } }
const LOST_INVITE = { third_party_invite: { signed: INVITE.signed } }
const LEVELS = {
  ban: 1,
  events: { x: 1 },
  events_default: 1,
  invite: 1,
  kick: 1,
  notifications: { room: 1 },
  redact: 1,
  state_default: 1,
  users: {},
  users_default: 1,
  x: 1,
}
const CREATE = { creator: '@a:a', room_version: '9', 'm.federate': false, additional_creators: [], x: 1 }
const AUTHORISED = { join_authorised_via_users_server: '@x:y' }

describe('what the rules read of an event and a redaction takes away', () => {
  it.each<[string, JsonObject, JsonObject, JsonObject, JsonObject]>([
    // type, content, what is lost in versions 8, 10 and 11
    [
      'm.room.create',
      CREATE,
      { room_version: '9', 'm.federate': false, additional_creators: [] },
      { room_version: '9', 'm.federate': false, additional_creators: [] },
      {},
    ],
    [
      'm.room.member',
      { membership: 'join', ...AUTHORISED, third_party_invite: INVITE, displayname: 'x' },
      { ...AUTHORISED, ...LOST_INVITE },
      LOST_INVITE,
      {},
    ],
    ['m.room.member', { third_party_invite: [INVITE] }, {}, {}, {}],
    [
      'm.room.member',
      { third_party_invite: { display_name: 'x' } },
      { third_party_invite: {} },
      { third_party_invite: {} },
      {},
    ],
    [
      'm.room.power_levels',
      LEVELS,
      { invite: 1, notifications: { room: 1 } },
      { invite: 1, notifications: { room: 1 } },
      { notifications: { room: 1 } },
    ],
    ['m.room.join_rules', { join_rule: 'x', allow: [], x: 1 }, {}, {}, {}],
    [
      'm.room.third_party_invite',
      { public_key: 'a', public_keys: [], key_validity_url: 'x', display_name: 'x' },
      { public_key: 'a', public_keys: [] },
      { public_key: 'a', public_keys: [] },
      { public_key: 'a', public_keys: [] },
    ],
    ['m.room.topic', { topic: 'x', membership: 'join', invite: 1 }, {}, {}, {}],
    ['__proto__', { membership: 'join' }, {}, {}, {}],
    ['constructor', { membership: 'join' }, {}, {}, {}],
  ])('%s %j', (type, content, in8, in10, in11) => {
    const lost = ['8', '10', '11'].map((version) => {
      const text = authContentLost({ type, content }, rulesOf(version))
      return JSON.parse(text) as JsonObject
    })
    expect(lost).toEqual([in8, in10, in11].map((each) => ({ content: each })))
  })

  it.each<[string, JsonObject, JsonObject]>([
    // version, redaction, what is lost
    ['10', { redacts: '$x', content: { reason: 'x' } }, { content: {}, redacts: '$x' }],
    ['10', { content: { redacts: '$x' } }, { content: {} }],
    ['11', { redacts: '$x', content: { redacts: '$y' } }, { content: {}, redacts: '$x' }],
    ['11', { content: { redacts: '$y' } }, { content: {} }],
  ])('of a redaction in version %s: %j', (version, event, lost) => {
    const text = authContentLost({ type: 'm.room.redaction', ...event }, rulesOf(version))
    expect(JSON.parse(text)).toEqual(lost)
  })

  it.each<[string, JsonObject]>([
    ['without content', { type: 'm.room.member' }],
    ['with content that is not an object', { type: 'm.room.member', content: [] }],
    ['without a type', { content: { membership: 'join' } }],
    ['with a type that is not a string', { type: 5, content: { membership: 'join' } }],
    ['that names an event without being a redaction', { type: 'm.room.topic', redacts: '$x', content: {} }],
  ])('is nothing of an event %s', (_what, event) => {
    expect(authContentLost(event, rulesOf('10'))).toBe('{"content":{}}')
  })
})

describe('a redacted event as the rules read it', () => {
  it.each(STABLE_VERSIONS)('says what it said before, in version %s', async (version) => {
    for (const [type, content] of Object.entries({
      'm.room.power_levels': LEVELS,
      'm.room.member': { membership: 'join', ...AUTHORISED },
      'm.room.third_party_invite': { public_key: 'a' },
    })) {
      const event = await built(version, { type, stateKey: '@user:domain', content })
      const redacted = redactEvent(event)
      const read = authPdu(redacted, authContentLost(event.json, event.rules))
      const { x: _, ...whole } = content as { x?: number }
      expect(read).toEqual({
        ...Object.fromEntries(
          (
            [
              'eventId',
              'roomId',
              'rules',
              'type',
              'stateKey',
              'sender',
              'depth',
              'originServerTs',
              'prevEvents',
              'authEvents',
            ] as const
          ).map((name) => [name, event[name]]),
        ),
        json: redacted.json,
        redacts: undefined,
        content: whole,
      })
    }
  })

  it.each(['10', '11'])('names what it redacts, in version %s', async (version) => {
    const event = await built(version, { type: 'm.room.redaction', redacts: '$x', content: {} })
    const read = authPdu(redactEvent(event), authContentLost(event.json, event.rules))
    expect(event.redacts).toBe('$x')
    expect(read.redacts).toBe('$x')
  })

  it.each(['5', '[]', '{}', '{"content":[]}', '{"redacts":5}', '{"content":5,"redacts":null}'])(
    'is as it was left where nothing, or nonsense, was kept: %s',
    async (kept) => {
      const event = redactEvent(await built('10', { type: 'm.room.member', content: { membership: 'x' } }))
      const { content, redacts } = authPdu(event, kept)
      expect([content, redacts]).toEqual([{ membership: 'x' }, undefined])
    },
  )
})

describe('what the content hash says of a stored event', () => {
  it.each(STABLE_VERSIONS)(
    'tells a whole, a redacted and a changed one apart, in version %s',
    async (version) => {
      const { eventId, json, rules } = await built(version)
      const stateOf = (text: string) => contentState(text, rules)
      expect(stateOf(json)).toBe('whole')
      const redacted = redactEvent(trustedPdu(json, eventId, rules)).json
      expect(stateOf(redacted)).toBe('redacted')
      const shown = (text: string) => JSON.stringify({ ...JSON.parse(text), unsigned: { age: 5 } })
      expect([shown(json), shown(redacted)].map(stateOf)).toEqual(['whole', 'redacted'])
      expect(stateOf(json.replace('größe', 'kleine'))).toBe('changed')
    },
  )
})
