import { administrationEndpoints, inspectionEndpoints, roomserverEndpoints } from '@roomserver/api'
import { setTimeout as delay } from 'node:timers/promises'
import { RoomserverError } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import {
  type Answered,
  followOutputs,
  type LoggedOutput,
  type OutputSource,
  type ServeOptions,
  serveRoomserver,
} from '../src/index.ts'
import { fakeRoomserver } from './fake-roomserver.ts'
import { askHttp1, askHttp2, PROTOCOLS } from './raw-requests.ts'

const anyPort: ServeOptions = { listen: { port: 0 } }
const QUERY = { path: '/api/roomserver/queryPublishedRooms', body: '{}' }

function get(path: string, headers: Readonly<Record<string, string>> = {}) {
  return { method: 'GET', path, headers }
}

describe.each(PROTOCOLS)('%s', (_protocol, ask) => {
  it('tells its health, and whether it takes requests', async () => {
    let ready = false
    const readiness = async () => ({ ready, checks: { database: ready ? 'ok' : 'does not answer' } })
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, readiness, token: 't' })
    expect((await ask(server.address, get('/healthz'))).status).toBe(200)
    const before = await ask(server.address, get('/readyz'))
    expect([before.status, JSON.parse(before.body)]).toEqual([
      503,
      { ready: false, checks: { database: 'does not answer' } },
    ])
    ready = true
    expect((await ask(server.address, get('/readyz'))).status).toBe(200)
  })

  it('gives metrics to those who know the password', async () => {
    const basicAuth = { username: 'prom', password: 'p:w' }
    const metrics = { contentType: 'text/plain; version=0.0.4', read: async () => 'up 1\n', basicAuth }
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, metrics })
    expect((await ask(server.address, get('/metrics'))).status).toBe(401)
    const authorization = `Basic ${Buffer.from('prom:p:w').toString('base64')}`
    const answer = await ask(server.address, get('/metrics', { authorization }))
    expect([answer.status, answer.body]).toEqual([200, 'up 1\n'])
  })

  it('gives the OpenAPI document, and a page that needs nobody else', async () => {
    await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
    const document = await ask(server.address, get('/openapi.json'))
    expect(JSON.parse(document.body)).toMatchObject({ openapi: '3.1.0' })
    const page = await ask(server.address, get('/docs'))
    expect(page.body.match(/<section /g)).toHaveLength(
      Object.keys(roomserverEndpoints).length +
        Object.keys(inspectionEndpoints).length +
        Object.keys(administrationEndpoints).length +
        SERVICE_PATHS.length,
    )
    for (const path of SERVICE_PATHS) expect(page.body).toContain(`<code>GET ${path}</code>`)
    // Names are those of the paths: by the names of our methods they are not found.
    expect(page.body).toMatch(/<a href="#getRoomIdForAlias">GetRoomIDForAlias<\/a>/)
    expect(page.body).toContain(
      `curl -s localhost:7770/api/roomserver/queryRoomVersionForRoom -d '{&quot;room_id&quot;:&quot;!room:example.org&quot;}'`,
    )
    expect(page.body).not.toMatch(/https?:|<script|src=/)
    const anchors = new Set([...page.body.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]))
    for (const [, target] of page.body.matchAll(/href="#([^"]+)"/g)) expect(anchors).toContain(target)
  })

  it('serves a page to whoever asks, and lets it load nothing from elsewhere', async () => {
    const file = (body: string, contentType: string) => ({
      contentType,
      body: Buffer.from(body),
      etag: `"${body}"`,
    })
    const files = new Map([
      ['', file('<!doctype html>', 'text/html; charset=utf-8')],
      ['page.js', file('1', 'text/javascript; charset=utf-8')],
    ])
    const page = { path: '/inspect/', files }
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, token: 'geheim', page })
    const moved = await ask(server.address, get('/inspect'))
    expect([moved.status, moved.headers['location']]).toEqual([308, '/inspect/'])
    const shown = await ask(server.address, get('/inspect/'))
    expect([shown.status, shown.body]).toEqual([200, '<!doctype html>'])
    expect(shown.headers['content-security-policy']).toMatch(/^default-src 'none';.*frame-ancestors 'none'$/)
    expect(shown.headers['content-security-policy']).not.toContain('unsafe')
    const script = await ask(server.address, get('/inspect/page.js'))
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8')
    const again = await ask(server.address, get('/inspect/page.js', { 'if-none-match': '"1"' }))
    expect([again.status, again.body]).toEqual([304, ''])
    expect((await ask(server.address, get('/inspect/other.js'))).status).not.toBe(200)
    expect((await ask(server.address, QUERY)).status).toBe(401)
  })

  it('asks for the token, and takes no other', async () => {
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, token: 'geheim' })
    const statusWith = async (authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization }
      return (await ask(server.address, { ...QUERY, headers })).status
    }
    expect(await statusWith()).toBe(401)
    expect(await statusWith('Bearer ')).toBe(401)
    expect(await statusWith('Bearer geheim2')).toBe(401)
    expect(await statusWith('Basic geheim')).toBe(401)
    expect(await statusWith('Bearer geheim')).toBe(200)
    expect((await ask(server.address, get('/openapi.json'))).status).toBe(401)
  })

  it('does not take orders from pages of other sites', async () => {
    const { api, calls } = fakeRoomserver()
    await using server = await serveRoomserver(api, anyPort)
    const statusFrom = async (origin: string) =>
      (await ask(server.address, { ...QUERY, headers: { origin } })).status
    expect(await statusFrom('https://evil.example')).toBe(403)
    expect(await statusFrom('null')).toBe(403)
    expect(calls).toEqual([])
    expect(await statusFrom(server.address)).toBe(200)
  })

  it('tells who watches what was answered', async () => {
    const seen: Answered[] = []
    const observe = (answered: Answered) => seen.push(answered)
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, observe })
    await ask(server.address, QUERY)
    await ask(server.address, { ...QUERY, body: '[' })
    while (seen.length < 2) await delay(5)
    expect(seen.map(({ operation, status }) => [operation, status])).toEqual([
      ['queryPublishedRooms', 200],
      ['queryPublishedRooms', 400],
    ])
    expect(seen.every(({ tookMs }) => tookMs > 0 && tookMs < 10_000)).toBe(true)
    expect(new Set(seen.map(({ requestId }) => requestId)).size).toBe(2)
  })
})

it('answers to its own names only where it listens on loopback without a token', async () => {
  const statuses = async (options: ServeOptions) => {
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, ...options })
    const hosts = ['evil.example', 'rooms.internal', 'localhost']
    const asked = hosts.flatMap((host) => [
      askHttp1(server.address, { ...QUERY, headers: { host } }),
      askHttp2(server.address, { ...QUERY, headers: { ':authority': host } }),
    ])
    return (await Promise.all(asked)).map(({ status }) => status)
  }
  expect(await statuses({})).toEqual([421, 421, 421, 421, 200, 200])
  expect(await statuses({ hosts: ['Rooms.internal'] })).toEqual([421, 421, 200, 200, 200, 200])
  expect(await statuses({ listen: { host: '0.0.0.0', port: 0 } })).toEqual([200, 200, 200, 200, 200, 200])
  expect(await statuses({ token: 't' })).toEqual([401, 401, 401, 401, 401, 401])
})

it('says loudly that it serves strangers without a token', async () => {
  const warnings: string[] = []
  const note = (_fields: object, message: string) => warnings.push(message)
  const log = { error: note, warn: note, info: () => undefined, debug: () => undefined }
  await (await serveRoomserver(fakeRoomserver().api, { listen: { host: '0.0.0.0', port: 0 }, log })).close()
  expect(warnings).toHaveLength(1)
  await (
    await serveRoomserver(fakeRoomserver().api, { listen: { host: '0.0.0.0', port: 0 }, log, token: 't' })
  ).close()
  await (await serveRoomserver(fakeRoomserver().api, { listen: { port: 0 }, log })).close()
  expect(warnings).toHaveLength(1)
})

const SERVICE_PATHS = ['/api/roomserver/outputs', '/healthz', '/readyz', '/metrics']

describe('the stream of outputs', () => {
  function logOf(outputs: LoggedOutput[]): OutputSource {
    return {
      check: async (after) => {
        const first = outputs[0]?.position ?? 1
        const last = outputs.at(-1)?.position ?? 0
        if (after + 1 < first) throw new RoomserverError('OUTPUTS_TRIMMED', { after, first }, 'deleted')
        if (after > last)
          throw new RoomserverError('OUTPUTS_POSITION_UNKNOWN', { after, first, last }, 'no such position')
      },
      follow: async function* (after, signal) {
        let position = after
        while (!signal.aborted) {
          const next = outputs.find((output) => output.position > position)
          if (next === undefined) {
            await delay(5)
          } else {
            yield next
            position = next.position
          }
        }
      },
    }
  }

  function output(position: number): LoggedOutput {
    return { position, id: `!r/${position}`, roomId: '!r', payload: `{"type":"new_peek","n":${position}}` }
  }

  /** Reads a stream until it has said `until`. */
  async function read(
    url: string,
    until: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const stop = new AbortController()
    const response = await fetch(url, { headers, signal: stop.signal })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    let text = ''
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString('utf8')
      if (text.includes(until)) break
    }
    stop.abort()
    return text
  }

  it('gives those behind a position, and new ones as they come', async () => {
    const log = [output(1), output(2), output(3)]
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, outputs: logOf(log) })
    const url = `${server.address}/api/roomserver/outputs`
    const reading = read(`${url}?after=1`, '"n":4')
    await delay(50)
    log.push(output(4))
    const frames = (await reading).split('\n\n').filter((frame) => frame.startsWith('id:'))
    expect(frames.map((frame) => frame.split('\n'))).toEqual(
      [2, 3, 4].map((n) => [`id: ${n}`, 'event: output', `data: {"type":"new_peek","n":${n}}`]),
    )
    expect(await read(url, '"n":4', { 'last-event-id': '3' })).not.toContain('"n":3')
  })

  it('answers 410 with the first that is kept when others are gone that the reader has not seen', async () => {
    const outputs = logOf([output(8)])
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, outputs })
    for (const query of ['?after=3', '']) {
      const answer = await askHttp1(server.address, get(`/api/roomserver/outputs${query}`))
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
        410,
        { code: 'OUTPUTS_TRIMMED', first: 8 },
      ])
    }
    expect(await read(`${server.address}/api/roomserver/outputs?after=7`, '"n":8')).toContain('id: 8')
  })

  it('answers 409 with the end of the log to a reader that stands beyond it, and says so to a follower', async () => {
    const outputs = logOf([output(7), output(8)])
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, outputs })
    const answer = await askHttp1(server.address, get('/api/roomserver/outputs?after=9'))
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
      409,
      { code: 'OUTPUTS_POSITION_UNKNOWN', first: 7, last: 8, Message: 'no such position' },
    ])
    await expect(followOutputs(server.address, { after: 9 }).next()).rejects.toMatchObject({
      code: 'OUTPUTS_POSITION_UNKNOWN',
      details: { after: 9, first: 7, last: 8 },
    })
  })

  it.each(['-1', '1e3', 'x', '99999999999999999999'])('refuses the position %s', async (after) => {
    await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, outputs: logOf([]) })
    const answer = await askHttp1(server.address, get(`/api/roomserver/outputs?after=${after}`))
    expect([answer.status, answer.body]).toEqual([400, '{"message":"after: not a position"}'])
  })

  it('ends when the server stops', async () => {
    const server = await serveRoomserver(fakeRoomserver().api, {
      ...anyPort,
      outputs: logOf([output(1)]),
      // Whoever waits for the stream to end by itself waits longer than the test may take.
      limits: { drainMs: 3_600_000 },
    })
    const response = await fetch(`${server.address}/api/roomserver/outputs`)
    const ends = response.text().catch(() => 'cut')
    await delay(50)
    await server.close()
    await ends
  })
})
