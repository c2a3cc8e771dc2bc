import { describe, expect, it } from 'vitest'
import { InputRoomEventsRequest } from '../input.ts'
import { PerformBackfillRequest } from '../roomserver/administration.ts'
import { PerformJoinRequest } from '../roomserver/membership-changes.ts'
import { QueryStateAndAuthChainRequest } from '../roomserver/state-queries.ts'
import { type Decoded, decode, decodeInSlices } from './decode.ts'

function from(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function valueOf<T>(decoded: Decoded<T>): T {
  if (!decoded.ok) throw new Error(decoded.message)
  return decoded.value
}

describe('members', () => {
  const nothing = {
    room_id: '',
    prev_event_ids: [],
    auth_event_ids: [],
    only_fetch_auth_chain: false,
    resolve_state: false,
  }
  it.each([
    ['missing ones are zero', '{}', {}],
    ['null is zero', '{"room_id":null,"prev_event_ids":null,"resolve_state":null}', {}],
    ['null is a request', 'null', {}],
    ['unknown ones are passed over', '{"x":{"room_id":"no"},"room_id":"!r"}', { room_id: '!r' }],
    [
      'names match without regard to case',
      '{"Room_ID":"!r","RESOLVE_STATE":true}',
      { room_id: '!r', resolve_state: true },
    ],
    ['the long s is an s, the Kelvin sign a k', '{"re\u017folve_state":true}', { resolve_state: true }],
    ['a dotless i is not an i', '{"room_\u0131d":"!r"}', {}],
    ['the last of two counts', '{"room_id":"!a","room_id":"!b"}', { room_id: '!b' }],
    ['names may be written with escapes', String.raw`{"room\u005fid":"!r"}`, { room_id: '!r' }],
    ['what follows the value is not looked at', '{"room_id":"!r"} and so on', { room_id: '!r' }],
    [
      'space may stand anywhere',
      ' \t\r\n{ "room_id" : "!r" , "prev_event_ids" : [ "$a" , "$b" ] }',
      { room_id: '!r', prev_event_ids: ['$a', '$b'] },
    ],
    ['half a surrogate pair is replaced', String.raw`{"room_id":"\ud800x"}`, { room_id: '\ufffdx' }],
    ['the name of the prototype is a name', '{"__proto__":{"room_id":"!r"},"constructor":1}', {}],
  ])('%s', (_why, text, members) => {
    expect(valueOf(decode(QueryStateAndAuthChainRequest, from(text)))).toEqual({ ...nothing, ...members })
  })
})

describe('events', () => {
  function eventIn(event: string): unknown {
    const request = decode(InputRoomEventsRequest, from(`{"input_room_events":[{"event":${event}}]}`))
    return valueOf(request).input_room_events[0]?.event
  }

  it.each([
    [
      'headers as last members, as Dendrite writes them',
      '{"depth":1,"type":"m","_room_version":"10","_event_id":"$e"}',
      { roomVersion: '10', eventId: '$e', json: '{"depth":1,"type":"m"}' },
    ],
    [
      'headers anywhere',
      '{"_event_id":"$e","depth":1,"_room_version":"10","type":"m"}',
      { roomVersion: '10', eventId: '$e', json: '{"depth":1,"type":"m"}' },
    ],
    [
      'what parsing would lose',
      '{"a":1.0,"b":-0,"c":9007199254740993,"c":1e2,"_room_version":"1"}',
      { roomVersion: '1', eventId: '', json: '{"a":1.0,"b":-0,"c":9007199254740993,"c":1e2}' },
    ],
    [
      'headers inside the event are the sender’s',
      '{"content":{"_event_id":"$x"},"_event_id":"$e"}',
      { roomVersion: '', eventId: '$e', json: '{"content":{"_event_id":"$x"}}' },
    ],
    [
      'a second header stays and spoils the hash',
      '{"_event_id":"$e","_event_id":"$x"}',
      { roomVersion: '', eventId: '$e', json: '{"_event_id":"$x"}' },
    ],
    ['a number as header', '{"_room_version":10}', { roomVersion: '10', eventId: '', json: '{}' }],
    [
      'nothing but headers',
      '{"_room_version":"1","_event_id":"$e"}',
      { roomVersion: '1', eventId: '$e', json: '{}' },
    ],
    ['an empty event', '{}', { roomVersion: '', eventId: '', json: '{}' }],
    ['no event', 'null', null],
  ])('%s', (_why, text, event) => {
    expect(eventIn(text)).toEqual(event)
  })

  it('do not hold on to the body', () => {
    const body = from(`{"input_room_events":[{"event":{"a":"${'x'.repeat(20)}"}}]}`)
    const request = valueOf(decode(InputRoomEventsRequest, body))
    body.fill(0)
    expect(request.input_room_events[0]?.event?.json).toBe(`{"a":"${'x'.repeat(20)}"}`)
  })
})

describe('hostile bodies', () => {
  it('may be as deep as Go allows, and cost no stack', () => {
    const depth = 9_999
    const deep = `{"x":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect(decode(QueryStateAndAuthChainRequest, from(deep)).ok).toBe(true)
    const deeper = `{"x":${'['.repeat(depth + 1)}${']'.repeat(depth + 1)}}`
    expect(decode(QueryStateAndAuthChainRequest, from(deeper))).toEqual({
      ok: false,
      message: "invalid character '[' exceeded max depth",
    })
  })

  it('may not be as deep where they are parsed', () => {
    const content = `{"content":{"x":${'['.repeat(300)}${']'.repeat(300)}}}`
    expect(decode(PerformJoinRequest, from(content)).ok).toBe(false)
  })

  it('cannot reach a prototype through names of their own', () => {
    const body = from('{"backwards_extremities":{"__proto__":["$a"],"toString":null}}')
    const { backwards_extremities: extremities } = valueOf(decode(PerformBackfillRequest, body))
    expect([...extremities]).toEqual([
      ['__proto__', ['$a']],
      ['toString', []],
    ])
  })

  it('are read in slices when they are long', () => {
    const event = `{"event":{"x":"${'y'.repeat(1_000)}"}}`
    const body = from(
      `{"input_room_events":[${Array.from({ length: 2_000 }, () => event).join(',')}],"async":true}`,
    )
    const decoding = decodeInSlices(InputRoomEventsRequest, body)
    let yields = 0
    let step = decoding.next()
    for (; step.done !== true; step = decoding.next()) yields++
    expect(yields).toBeGreaterThan(10)
    expect(step.value).toEqual(decode(InputRoomEventsRequest, body))
    expect(valueOf(step.value).input_room_events).toHaveLength(2_000)
  })
})
