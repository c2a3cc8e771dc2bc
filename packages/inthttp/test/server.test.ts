import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type InputRoomEventsRequest, InputRoomEvent, filled } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { roomserverPlugin, type ServeOptions, serveRoomserver } from '../src/index.ts'
import { fakeRoomserver } from './fake-roomserver.ts'
import { askHttp1, PROTOCOLS } from './raw-requests.ts'

const anyPort: ServeOptions = { listen: { port: 0 } }

describe.each(PROTOCOLS)('%s', (_protocol, ask) => {
  it('answers an operation', async () => {
    const { api, calls } = fakeRoomserver()
    await using server = await serveRoomserver(api, anyPort)
    const answer = await ask(server.address, {
      path: '/api/roomserver/queryLatestEventsAndState',
      body: '{"ROOM_ID":"!r"}',
    })
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.body).toBe(
      '{"room_exists":false,"room_version":"","latest_events":null,"state_events":null,"depth":0}',
    )
    expect(calls).toEqual([
      { operation: 'queryLatestEventsAndState', request: { room_id: '!r', state_to_fetch: [] } },
    ])
  })

  it('has Fastify route every operation, so that what watches or extends Fastify sees all of them', async () => {
    const routed: string[] = []
    const onStart = (message: unknown) => {
      routed.push((message as { readonly route: { readonly url: string } }).route.url)
    }
    await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
    subscribe('tracing:fastify.request.handler:start', onStart)
    try {
      await ask(server.address, { path: '/api/roomserver/queryPublishedRooms', body: '{}' })
    } finally {
      unsubscribe('tracing:fastify.request.handler:start', onStart)
    }
    expect(routed).toEqual(['/api/roomserver/queryPublishedRooms'])
  })

  it.each([
    [
      'an unknown operation',
      'POST',
      '/api/roomserver/queryServerJoinedToRoom',
      '{}',
      404,
      '404 page not found\n',
    ],
    [
      'another case of the path',
      'POST',
      '/api/roomserver/QueryCurrentState',
      '{}',
      404,
      '404 page not found\n',
    ],
    ['a slash too much', 'POST', '/api/roomserver/queryCurrentState/', '{}', 404, '404 page not found\n'],
    ['a path that cannot be decoded', 'POST', '/api/%zz', '{}', 404, '404 page not found\n'],
    ['an empty body', 'POST', '/api/roomserver/queryCurrentState', '', 400, '{"message":"EOF"}'],
    ['half a body', 'POST', '/api/roomserver/queryCurrentState', '{', 400, '{"message":"unexpected EOF"}'],
    [
      'another method without a body',
      'GET',
      '/api/roomserver/queryCurrentState',
      '',
      400,
      '{"message":"EOF"}',
    ],
    [
      'another method with a body',
      'PUT',
      '/api/roomserver/queryPublishedRooms',
      '{}',
      200,
      '{"RoomIDs":null}',
    ],
    ['a question for the methods', 'OPTIONS', '/api/roomserver/queryCurrentState', '', 200, ''],
  ])('answers %s as the reference does', async (_why, method, path, body, status, text) => {
    await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
    const answer = await ask(server.address, { method, path, body })
    expect([answer.status, answer.body]).toEqual([status, text])
  })

  it.each(['application/json', 'text/plain', 'no/such; thing=', ';;;', ''])(
    'looks at no content type: %j',
    async (type) => {
      await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
      const headers = { 'content-type': type }
      const answer = await ask(server.address, {
        path: '/api/roomserver/queryPublishedRooms',
        body: '{}',
        headers,
      })
      expect([answer.status, answer.body]).toEqual([200, '{"RoomIDs":null}'])
    },
  )

  it('tells a failure in the form of the reference, with its code in a header', async () => {
    const details = { roomId: '!r\u00e9:x' }
    const { api } = fakeRoomserver({
      queryRoomVersionForRoom: async () => {
        throw new RoomserverError('ROOM_NOT_FOUND', details, 'missing room info for room !r')
      },
    })
    await using server = await serveRoomserver(api, anyPort)
    const answer = await ask(server.address, { path: '/api/roomserver/queryRoomVersionForRoom', body: '{}' })
    expect(answer.status).toBe(500)
    expect(JSON.parse(answer.body)).toEqual({
      Type: '*errors.errorString',
      Message: 'missing room info for room !r',
    })
    expect(JSON.parse(String(answer.headers['roomserver-failure']))).toEqual({
      code: 'ROOM_NOT_FOUND',
      details,
    })
  })

  it('keeps the text of an unexpected failure in the log', async () => {
    const logged: object[] = []
    const note = (fields: object) => logged.push(fields)
    const log = { error: note, warn: note, info: note, debug: note }
    const { api } = fakeRoomserver({
      queryPublishedRooms: async () => {
        throw new Error('the password is 1234')
      },
    })
    await using server = await serveRoomserver(api, { ...anyPort, log })
    const answer = await ask(server.address, { path: '/api/roomserver/queryPublishedRooms', body: '{}' })
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain('1234')
    expect(JSON.parse(answer.body)).toHaveProperty('Type')
    expect(logged).toMatchObject([
      { operation: 'queryPublishedRooms', err: { message: 'the password is 1234' } },
    ])
  })

  it('says when to come again when there is too much', async () => {
    const { api } = fakeRoomserver({
      inputRoomEvents: async () => {
        throw new RoomserverError('OVERLOADED', { what: 'events', retryAfterMs: 2_500 }, 'too many events')
      },
    })
    await using server = await serveRoomserver(api, anyPort)
    const answer = await ask(server.address, { path: '/api/roomserver/inputRoomEvents', body: '{}' })
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '3'])
  })

  it('takes and gives large bodies', async () => {
    const json = `{"content":{"body":"${'x'.repeat(60_000)}"}}`
    const event = { roomVersion: '10', eventId: '$e', json }
    let taken: InputRoomEventsRequest | undefined
    const { api } = fakeRoomserver({
      inputRoomEvents: async (request) => {
        taken = request
        return { ErrMsg: '', NotAllowed: false }
      },
      queryEventsById: async () => ({ events: Array.from({ length: 300 }, () => event) }),
    })
    await using server = await serveRoomserver(api, anyPort)
    const wire = `${json.slice(0, -1)},"_room_version":"10","_event_id":"$e"}`
    const body = `{"input_room_events":[${Array.from({ length: 300 }, () => `{"event":${wire}}`).join(',')}]}`
    expect((await ask(server.address, { path: '/api/roomserver/inputRoomEvents', body })).status).toBe(200)
    expect(taken?.input_room_events).toHaveLength(300)
    expect(taken?.input_room_events[299]).toEqual(filled(InputRoomEvent, { event }))
    const answer = await ask(server.address, { path: '/api/roomserver/queryEventsByID', body: '{}' })
    expect(answer.body).toBe(`{"events":[${Array.from({ length: 300 }, () => wire).join(',')}]}`)
  })

  it.each([
    ['a leave', 'performLeave', 70_000],
    ['a question about many events', 'queryEventsByID', 17_000_000],
  ])('takes no longer body for %s than it needs', async (_why, operation, length) => {
    const { api, calls } = fakeRoomserver()
    await using server = await serveRoomserver(api, anyPort)
    const body = `{"x":"${'x'.repeat(length)}"}`
    const answer = await ask(server.address, { path: `/api/roomserver/${operation}`, body })
    expect(answer.status).toBe(413)
    expect(answer.body).toMatch(/^{"message":"body exceeds \d+ bytes"}$/)
    expect(calls).toEqual([])
  })

  it.each([
    ['long', `{"x":"${'x'.repeat(66_000)}"}`],
    ['of many empty lists', `{"x":[${'[],'.repeat(30_000)}[]]}`],
    ['of many empty lists, in a longer text', `{"x":[${'[],'.repeat(120_000)}[]]}`],
    ['of many members', `{${Array.from({ length: 10_000 }, (_, i) => `"${i}":1`).join(',')}}`],
  ])('refuses a content that is %s as its callers expect, and asks nobody', async (_why, content) => {
    const { api, calls } = fakeRoomserver()
    await using server = await serveRoomserver(api, anyPort)
    const body = `{"room_id_or_alias":"!r:a","content":${content}}`
    const answer = await ask(server.address, { path: '/api/roomserver/performJoin', body })
    const Error = { Msg: 'content has more than 65536 bytes', RemoteCode: 0, Code: 2 }
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, { room_id: '', JoinedVia: '', Error }])
    expect(calls).toEqual([])
  })

  it('takes a content that is long because it is escaped', async () => {
    const { api, calls } = fakeRoomserver()
    await using server = await serveRoomserver(api, anyPort)
    const body = `{"content":{"x":"${String.raw`\u003c`.repeat(60_000)}"}}`
    expect((await ask(server.address, { path: '/api/roomserver/performJoin', body })).status).toBe(200)
    expect(calls[0]?.request).toMatchObject({ content: { x: '<'.repeat(60_000) } })
  })

  it.each(['performJoin', 'performInvite'])(
    'tells callers of %s in the answer that a body is too long',
    async (operation) => {
      const { api, calls } = fakeRoomserver()
      await using server = await serveRoomserver(api, anyPort)
      // Longer than any operation takes that is not about lists: an invite brings the state that users are shown.
      const body = `{"content":{"x":"${'x'.repeat(20_000_000)}"}}`
      const answer = await ask(server.address, { path: `/api/roomserver/${operation}`, body })
      expect(answer.status).toBe(200)
      // The user gets a 400 with these words; another status would become an internal error.
      expect(JSON.parse(answer.body)).toMatchObject({
        Error: { Code: 2, Msg: expect.stringContaining('exceeds') },
      })
      expect(calls).toEqual([])
    },
  )

  it('refuses what takes too much memory, or has too many entries, before it is worked on', async () => {
    const { api, calls } = fakeRoomserver()
    await using server = await serveRoomserver(api, anyPort)
    const path = '/api/roomserver/inputRoomEvents'
    const many = `{"input_room_events":[${'{},'.repeat(250_000)}{}]}`
    const answer = await ask(server.address, { path, body: many })
    expect([answer.status, answer.body]).toEqual([413, '{"message":"a list has more than 250000 entries"}'])
    const fat = `{"server_names":[${'"",'.repeat(20_000)}""],"content":{"x":[${'[],'.repeat(20_000)}[]]}}`
    expect((await ask(server.address, { path: '/api/roomserver/performJoin', body: fat })).status).toBe(200)
    expect(calls).toHaveLength(1)
  })

  it.each([
    ['is no JSON', '{"event":nul}', "invalid character '}' in literal null (expecting 'l')"],
    ['ends too early', '{"event":{', 'unexpected EOF'],
    [
      'has a wrong type',
      '{"kind":"new"}]}',
      'json: cannot unmarshal string into Go struct field InputRoomEvent.input_room_events.kind of type api.Kind',
    ],
  ])('takes nothing of a large body that %s at its end', async (_why, end, message) => {
    const { api, calls } = fakeRoomserver()
    await using server = await serveRoomserver(api, {
      ...anyPort,
      limits: { maxBodyBytesInAll: 3_000_000 },
    })
    const event = `{"event":{"content":{"body":"${'x'.repeat(60_000)}"}}},`
    const body = `{"input_room_events":[${event.repeat(40)}${end}`
    for (let again = 0; again < 2; again++) {
      const answer = await ask(server.address, { path: '/api/roomserver/inputRoomEvents', body })
      expect([answer.status, JSON.parse(answer.body)]).toEqual([400, { message }])
    }
    expect(calls).toEqual([])
  })

  it('gets its refusal through to one who goes on sending', async () => {
    await using server = await serveRoomserver(fakeRoomserver().api, {
      ...anyPort,
      limits: { maxBodyBytes: 1_000_000 },
    })
    const body = Buffer.alloc(30_000_000, 'x')
    const answer = await ask(server.address, { path: '/api/roomserver/queryPublishedRooms', body })
    expect(answer.status).toBe(413)
  })

  it('refuses a body beyond the limit, and goes on', async () => {
    await using server = await serveRoomserver(fakeRoomserver().api, {
      ...anyPort,
      limits: { maxBodyBytes: 1_000 },
    })
    const answer = await ask(server.address, {
      path: '/api/roomserver/queryPublishedRooms',
      body: 'x'.repeat(5_000),
    })
    expect([answer.status, answer.body]).toEqual([413, '{"message":"body exceeds 1000 bytes"}'])
    const again = await ask(server.address, { path: '/api/roomserver/queryPublishedRooms', body: '{}' })
    expect(again.status).toBe(200)
  })
})

it('can be a part of somebody else’s Fastify', async () => {
  const { api, calls } = fakeRoomserver()
  const app = fastify()
  app.post('/other', async (request) => request.body)
  await app.register(roomserverPlugin, { api })
  const answer = await app.inject({
    method: 'POST',
    url: '/api/roomserver/queryPublishedRooms',
    payload: '{"roomid":"!r"}',
  })
  expect([answer.statusCode, answer.body]).toEqual([200, '{"RoomIDs":null}'])
  expect(calls).toEqual([{ operation: 'queryPublishedRooms', request: { RoomID: '!r' } }])
  const other = await app.inject({ method: 'POST', url: '/other', payload: { kept: true } })
  expect(other.json()).toEqual({ kept: true })
  await app.close()
})

it('answers over HTTP/1.1 when it is asked to upgrade', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
  const headers = {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAMAAABkAAQAAP__',
  }
  const answer = await askHttp1(server.address, {
    path: '/api/roomserver/queryPublishedRooms',
    body: '{}',
    headers,
  })
  expect(answer.status).toBe(200)
})
