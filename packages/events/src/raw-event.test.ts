import { isFailure, type JsonObject } from '@roomserver/types'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rulesOf, STABLE_VERSIONS } from '../test/fixture-events.ts'
import { eventRef } from './build-event.ts'
import { headeredJson } from './headered.ts'
import { type EventJson, eventMembers } from './event-members.ts'
import { redactEvent, trustedPdu } from './raw-event.ts'
import { requiredSignatures } from './required-signatures.ts'
import { withUnsigned } from './unsigned.ts'
import { verifySignatures } from './verify-signatures.ts'

describe('trustedPdu', () => {
  it('reads what is missing or of a wrong type as empty or 0', () => {
    const odd = {
      type: 5,
      sender: null,
      depth: '7',
      content: [],
      prev_events: {},
      auth_events: [5, ['$a', {}], [1], '$b'],
    }
    expect(trustedPdu(odd, '$id', rulesOf('10'))).toMatchObject({
      type: '',
      sender: '',
      roomId: '',
      stateKey: undefined,
      depth: 0,
      originServerTs: 0,
      content: {},
      prevEvents: [],
      authEvents: ['$a', '$b'],
      redacts: undefined,
    })
  })

  it('brings the text into canonical form', () => {
    const event = trustedPdu(' { "type" : "a" , "content" : { "b" : 1.0 , "a" : -0 } } ', '$id', rulesOf('1'))
    expect(event.json).toBe('{"content":{"a":0,"b":1.0},"type":"a"}')
  })
})

const cyclic: Record<string, JsonObject> = {}
cyclic['self'] = cyclic
let deep: JsonObject = {}
for (let i = 0; i < 50_000; i++) deep = { deep }

describe('what is not an event', () => {
  it.each<[string, EventJson]>([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['an object in itself', cyclic],
    ['an object 50,000 deep', deep],
    ['a list as object', [] as unknown as JsonObject],
  ])('%s fails with a code', (_what, event) => {
    const failure = (() => {
      try {
        return eventMembers(event)
      } catch (error) {
        return error
      }
    })()
    expect(isFailure(failure, 'MALFORMED_EVENT')).toBe(true)
  })
})

it('whatever an event holds, nothing that is done with it throws', async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>('m.room.member', 'm.room.redaction', 'invite', 'join', '@a:b', '__proto__', 'b'),
    fc.constant({ membership: 'join', join_authorised_via_users_server: '@x:__proto__' }),
    fc.constant({ b: { 'ed25519:1': 'AAAA' }, __proto__: { 'ed25519:1': 5 } }),
  )
  const members = fc.constantFrom(
    ...'type sender room_id event_id state_key content signatures unsigned redacts prev_events'.split(' '),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(members, value)),
      fc.constantFrom(...STABLE_VERSIONS),
      async (entries, version) => {
        const event = trustedPdu(Object.fromEntries(entries) as JsonObject, '$id', rulesOf(version))
        const others = [redactEvent(event), withUnsigned(event, { age: 1 })]
        for (const each of [event, ...others]) {
          expect([each.content, each.redacts, requiredSignatures(each), eventRef(each)]).toHaveLength(4)
          expect(JSON.parse(headeredJson(each))).toHaveProperty('_event_id', '$id')
          const verdict = await verifySignatures(each, () => ({ key: 'AAAA', validUntilTs: 0 }))
          expect(verdict).toHaveProperty('ok')
        }
      },
    ),
  )
})
