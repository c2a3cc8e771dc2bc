import { expect, it } from 'vitest'
import { ClientEvent } from '../events.ts'
import { OutputEvent, OutputNewRoomEvent } from '../output.ts'
import { QueryAuthChainResponse, QueryMissingEventsResponse } from '../roomserver/event-queries.ts'
import { PerformLeaveResponse } from '../roomserver/membership-changes.ts'
import { QuerySharedUsersResponse } from '../roomserver/membership-queries.ts'
import {
  QueryBulkStateContentResponse,
  QueryCurrentStateResponse,
  QueryLatestEventsAndStateResponse,
} from '../roomserver/state-queries.ts'
import { filled } from '../wire/zero.ts'
import { decode } from './decode.ts'
import { encode, encodeInChunks, writeInChunks } from './encode.ts'
import { StreamedList } from './streamed-list.ts'

const event = { roomVersion: '10', eventId: '$e', json: '{"a":1.0}' }
const written = '{"a":1.0,"_room_version":"10","_event_id":"$e"}'

it('writes null for a list with nothing in it, where Go does', () => {
  expect(encode(QueryLatestEventsAndStateResponse, filled(QueryLatestEventsAndStateResponse, {}))).toBe(
    '{"room_exists":false,"room_version":"","latest_events":null,"state_events":null,"depth":0}',
  )
  expect(encode(QueryAuthChainResponse, { AuthChain: [] })).toBe('{"AuthChain":[]}')
  expect(encode(QueryMissingEventsResponse, { events: [] })).toBe('{"events":[]}')
  expect(encode(QueryMissingEventsResponse, { events: null })).toBe('{"events":null}')
})

it('puts the text of an event in as it is', () => {
  const response = filled(QueryLatestEventsAndStateResponse, {
    latest_events: [{ eventId: '$e', sha256: 'abc' }],
    state_events: [event, { ...event, json: '{}' }],
  })
  expect(encode(QueryLatestEventsAndStateResponse, response)).toBe(
    `{"room_exists":false,"room_version":"","latest_events":[["$e",{"sha256":"abc"}]],"state_events":[${written},{"_room_version":"10","_event_id":"$e"}],"depth":0}`,
  )
})

it('leaves out members that say nothing, and keeps an empty state key', () => {
  expect(encode(PerformLeaveResponse, { code: 0, message: null })).toBe('{}')
  const client = filled(ClientEvent, { content: {}, state_key: '', type: 'm', unsigned: {} })
  expect(encode(ClientEvent, client)).toBe('{"content":{},"state_key":"","type":"m","unsigned":{}}')
  const output = filled(OutputEvent, {
    type: 'new_room_event',
    new_room_event: filled(OutputNewRoomEvent, { event, latest_event_ids: ['$e'] }),
  })
  expect(encode(OutputEvent, output)).toBe(
    `{"type":"new_room_event","new_room_event":{"event":${written},"latest_event_ids":["$e"],"last_sent_event_id":"","send_as_server":"","history_visibility":""}}`,
  )
})

it('writes flat answers as one object, and reads them back', () => {
  const state = { StateEvents: [{ EventType: 'm.room.name', StateKey: '', event }] }
  const text = encode(QueryCurrentStateResponse, state)
  expect(text).toBe(String.raw`{"m.room.name\u001f":${written}}`)
  expect(decode(QueryCurrentStateResponse, new TextEncoder().encode(text))).toEqual({
    ok: true,
    value: state,
  })
  const bulk = { Rooms: [{ RoomID: '!r', EventType: 't', StateKey: 'a\u001fb', value: 'x' }] }
  const bulkText = encode(QueryBulkStateContentResponse, bulk)
  expect(bulkText).toBe(String.raw`{"!r\u001ft\u001fa\u001fb":"x"}`)
  expect(decode(QueryBulkStateContentResponse, new TextEncoder().encode(bulkText))).toEqual({
    ok: true,
    value: bulk,
  })
})

it('writes maps, whatever their names', () => {
  const response = {
    UserIDsToCount: new Map([
      ['__proto__', 2],
      ['@a:b', 1],
    ]),
  }
  expect(encode(QuerySharedUsersResponse, response)).toBe('{"UserIDsToCount":{"__proto__":2,"@a:b":1}}')
})

it('writes a large answer in pieces that stay small', () => {
  const response = filled(QueryLatestEventsAndStateResponse, {
    state_events: Array.from({ length: 20_000 }, (_unused, index) => ({ ...event, eventId: `$${index}` })),
  })
  let longest = 0
  let all = ''
  for (const chunk of encodeInChunks(QueryLatestEventsAndStateResponse, response)) {
    longest = Math.max(longest, chunk.length)
    all += chunk
  }
  expect(longest).toBeLessThan(70_000)
  expect(all).toBe(encode(QueryLatestEventsAndStateResponse, response))
})

it('puts a list that is written already in as it is, and hands on what has to be waited for', () => {
  const text = new TextEncoder().encode(`[${written}]`)
  const wait = Promise.resolve()
  const list = new StreamedList(() => [text.subarray(0, 5), wait, text.subarray(5)])
  const response = filled(QueryLatestEventsAndStateResponse, { depth: 3 })
  const chunks = [...writeInChunks(QueryLatestEventsAndStateResponse, { ...response, state_events: list })]
  expect(chunks.splice(2, 1)).toEqual([wait])
  const all = chunks.map((chunk) => Buffer.from(chunk as string | Uint8Array).toString()).join('')
  expect(all).toBe(encode(QueryLatestEventsAndStateResponse, { ...response, state_events: [event] }))
})
