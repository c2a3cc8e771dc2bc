import type { EventId, JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { resolveForTardis } from './resolve-for-tardis.ts'

const ALICE = '@a:tardis'
const BOB = '@b:tardis'
const named = (event_id: string, more: JsonObject): readonly [EventId, JsonObject] => [
  event_id,
  { event_id, room_id: '!room:tardis', sender: ALICE, prev_events: [], origin_server_ts: 1, ...more },
]
const CREATED = ['$create', '$alice', '$levels']

/** The events that TARDIS has: two set the topic, one of them later; and one may not. */
const EVENTS = new Map<EventId, JsonObject>([
  named('$create', { type: 'm.room.create', state_key: '', content: { creator: ALICE }, auth_events: [] }),
  named('$alice', {
    type: 'm.room.member',
    state_key: ALICE,
    content: { membership: 'join' },
    auth_events: ['$create'],
  }),
  named('$levels', {
    type: 'm.room.power_levels',
    state_key: '',
    content: { users: { [ALICE]: 100 } },
    auth_events: ['$create', '$alice'],
  }),
  named('$tea', { type: 'm.room.topic', state_key: '', content: { topic: 'Tea' }, auth_events: CREATED }),
  named('$coffee', {
    type: 'm.room.topic',
    state_key: '',
    content: { topic: 'Coffee' },
    auth_events: CREATED,
    origin_server_ts: 2,
  }),
  named('$bob', {
    type: 'm.room.topic',
    state_key: '',
    sender: BOB,
    content: { topic: 'Bob was here' },
    auth_events: ['$create', '$levels'],
  }),
])

const getEvents = async (ids: readonly EventId[]) => new Map([...EVENTS].filter(([id]) => ids.includes(id)))
const key = (type: string, stateKey = '') => JSON.stringify([type, stateKey])
const state = (topic: string) => ({
  [key('m.room.create')]: '$create',
  [key('m.room.member', ALICE)]: '$alice',
  [key('m.room.power_levels')]: '$levels',
  [key('m.room.topic')]: topic,
})
const ask = (event: JsonObject | undefined, states: readonly object[], version = '10') =>
  resolveForTardis({ room_id: '!room:tardis', room_version: version, state: states, event }, getEvents)
const [, message] = named('$message', { type: 'm.room.message', content: {}, auth_events: CREATED })

describe('a question of TARDIS', () => {
  it('is answered with the resolved state', async () => {
    expect(await ask(message, [state('$tea'), state('$coffee')])).toEqual({
      result: state('$coffee'),
      error: '',
    })
  })

  it('is answered with the state after a state event that is allowed', async () => {
    expect(await ask(EVENTS.get('$tea'), [state('$coffee')])).toEqual({ result: state('$tea'), error: '' })
  })

  it('is answered with the reason where an event is not allowed', async () => {
    const answer = await ask(EVENTS.get('$bob'), [state('$tea')])
    expect(answer.result).toEqual(state('$tea'))
    expect(answer.error).toMatch(/^\$bob is rejected: .*@b:tardis/)
  })

  it('says what is wrong with it', async () => {
    const errors: string[] = []
    for (const [event, states, version] of [
      [message, [{ nothing: '$x' }], '10'],
      [message, [{ [key('m.room.topic')]: 5 }], '10'],
      [message, [null as unknown as object], '10'],
      [message, [], '99'],
      [undefined, [], '10'],
      [message, [state('$nobody has it'), state('$tea')], '10'],
      [
        message,
        [Object.fromEntries(Array.from({ length: 20_001 }, (_, at) => [key('x', `${at}`), '$x']))],
        '10',
      ],
    ] as const)
      errors.push((await ask(event, states, version)).error)
    expect(errors.map((error) => error.length > 0)).toEqual(errors.map(() => true))
    expect((await resolveForTardis('x', getEvents)).error).toBe('data: expected an object')
  })
})
