import { describe, expect, it } from 'vitest'
import { InputRoomEventsRequest, roomserverEndpoints, whole } from '../index.ts'
import { map, struct, text } from './builders.ts'

const event = { roomVersion: '10', eventId: '$a', json: '{}' }
const input = {
  kind: 2,
  event,
  origin: '',
  has_state: false,
  state_event_ids: ['$b'],
  send_as_server: '',
  transaction_id: null,
}

describe('a request in process', () => {
  it('stays the same object where nothing is missing', () => {
    const request = { input_room_events: [input], async: true }
    expect(whole(InputRoomEventsRequest, request)).toBe(request)
  })

  it('gets zeros for what is missing or null, and is not changed itself', () => {
    const zeros = { ...input, kind: 0, event: null, state_event_ids: [] }
    const bare = Object.freeze({ input_room_events: Object.freeze([Object.freeze({ origin: null }), input]) })
    expect(whole(InputRoomEventsRequest, bare)).toEqual({ input_room_events: [zeros, input], async: false })
    expect(whole(InputRoomEventsRequest, undefined)).toEqual({ input_room_events: [], async: false })
    // oxlint-disable-next-line no-sparse-arrays -- a hole is what it is about
    expect(whole(InputRoomEventsRequest, { input_room_events: [,] }).input_room_events).toEqual([zeros])
  })

  it.each([
    [5, 'request: expected an object'],
    [new Map(), 'request: expected an object'],
    [{ async: 1 }, 'async: expected true or false'],
    [{ input_room_events: {} }, 'input_room_events: expected a list'],
    [{ input_room_events: [{ kind: 0.5 }] }, 'input_room_events[].kind: expected a whole number'],
    [{ input_room_events: [{ origin: 5 }] }, 'input_room_events[].origin: expected a string'],
    [
      { input_room_events: [{ event: { ...event, json: {} } }] },
      'input_room_events[].event: expected an event with roomVersion, eventId and json',
    ],
    [
      { input_room_events: [{ transaction_id: 'x' }] },
      'input_room_events[].transaction_id: expected an object',
    ],
  ])('with a value of another type is refused: %j', (request, message) => {
    expect(() => whole(InputRoomEventsRequest, request)).toThrow(message)
  })

  it('has the same done to its maps and objects', () => {
    const schema = struct('Go', { names: map(text()) })
    expect(whole(schema, { names: new Map([['a', null]]) })).toEqual({ names: new Map([['a', '']]) })
    expect(() => whole(schema, { names: { a: 'b' } })).toThrow('names: expected a Map')
    expect(() => whole(schema, { names: new Map([[5, 'b']]) })).toThrow('names that are strings')
    expect(() => whole(roomserverEndpoints.performJoin.request, { content: [] })).toThrow(
      'content: expected an object',
    )
  })
})
