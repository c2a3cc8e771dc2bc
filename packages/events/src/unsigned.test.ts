import type { JsonObject } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from './json/canonical-json.ts'
import { parsePdu, receivePdu } from './parse-pdu.ts'
import { contentHash, trustedPdu } from './raw-event.ts'
import { withUnsigned } from './unsigned.ts'

const rules = roomVersion('10') as RoomVersionRules

/** What only the server of the client that reads it may say. */
const FOREIGN = {
  redacted_because: { type: 'm.room.redaction' },
  redacted_by: '$x',
  replaces_state: '$y',
  prev_content: { membership: 'ban' },
  prev_sender: '@a:a',
  transaction_id: 'm1',
  membership: 'join',
  age_ts: 1,
  'm.relations': {},
}

describe('withUnsigned', () => {
  it.each([
    ['puts it in at its place', '{"type":"m.x","zz":1}', '{"type":"m.x","unsigned":{"age":5},"zz":1}'],
    ['replaces what was there', '{"type":"m.x","unsigned":{"a":1}}', '{"type":"m.x","unsigned":{"age":5}}'],
  ])('%s', (_why, json, expected) => {
    const event = withUnsigned(trustedPdu(json, '$id', rules), { age: 5 })
    expect(event.json).toBe(expected)
    expect(event.eventId).toBe('$id')
  })
})

describe('the unsigned data of a received event', () => {
  const base = {
    auth_events: [],
    content: {},
    depth: 1,
    origin_server_ts: 1,
    prev_events: [],
    room_id: '!a:a',
    sender: '@a:a',
  }

  function receive(type: string, unsigned: unknown): unknown {
    const json = JSON.stringify({ ...base, type, unsigned })
    const hashed = JSON.stringify({ ...base, type, unsigned, hashes: { sha256: contentHash(json) } })
    const verdict = receivePdu(hashed, rules)
    if (!verdict.ok) throw new TypeError(verdict.reason)
    expect(verdict.contentHashMatches).toBe(true)
    const given = parsePdu(hashed, rules)
    expect(given.ok && given.pdu.eventId).toBe(verdict.pdu.eventId)
    expect(verdict.pdu.json).toBe(canonicalJson(JSON.parse(verdict.pdu.json) as JsonObject))
    const { unsigned: kept, ...others } = JSON.parse(verdict.pdu.json) as JsonObject
    expect(others).toEqual({ ...base, type, hashes: { sha256: contentHash(json) } })
    return kept
  }

  it.each([
    ['is what tells its age', { age: 5 }, { age: 5 }],
    ['is nothing that servers tell their own clients', FOREIGN, {}],
    ['keeps its age among that', { ...FOREIGN, age: 5 }, { age: 5 }],
    ['has no age that is not a number of milliseconds', { age: 'old' }, {}],
    ['stays empty', {}, {}],
    ['stays away', undefined, undefined],
    ['shows nobody a room in a message', { invite_room_state: [], knock_room_state: [] }, {}],
  ])('%s', (_what, unsigned, expected) => {
    expect(receive('m.room.message', unsigned)).toEqual(expected)
  })

  it('shows the room to who is invited into it or knocks', () => {
    const shown = { invite_room_state: [{ type: 'm.room.name' }], knock_room_state: [] }
    expect(receive('m.room.member', { ...shown, ...FOREIGN })).toEqual(shown)
    const empty = { invite_room_state: {}, knock_room_state: [] }
    expect(receive('m.room.member', empty), 'an object where there is none').toEqual(empty)
    expect(receive('m.room.member', { invite_room_state: 'all', knock_room_state: { a: 1 } })).toEqual({})
  })
})
