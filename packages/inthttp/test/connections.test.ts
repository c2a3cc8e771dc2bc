import { Agent, request as http1Request } from 'node:http'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { post } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { type ServeOptions, serveRoomserver } from '../src/index.ts'
import { fakeRoomserver } from './fake-roomserver.ts'
import { askHttp1, askHttp2 } from './raw-requests.ts'

const PATH = '/api/roomserver/queryPublishedRooms'
const anyPort: ServeOptions = { listen: { port: 0 } }

async function ask(session: ClientHttp2Session, path = PATH, body = '{}'): Promise<number> {
  return (await post(session, path, body)).status
}

function tcp(address: string): Socket {
  const socket = connectTcp(Number(new URL(address).port), '127.0.0.1')
  return socket.on('error', () => undefined)
}

/** Waits for what is certain to come, however long that takes on a busy machine. */
async function waitUntil(isSo: () => boolean): Promise<void> {
  await expect.poll(isSo, { interval: 5 }).toBe(true)
}

/** All that a raw connection is told until it is closed. */
async function received(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks).toString('latin1')
}

it('answers a thousand requests on one HTTP/2 connection at once', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
  const session = connect(server.address)
  const statuses = await Promise.all(Array.from({ length: 1_000 }, () => ask(session)))
  expect(new Set(statuses)).toEqual(new Set([200]))
  session.close()
})

it('answers many requests one after another on one HTTP/1.1 connection', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ports = new Set<number | undefined>()
  for (let count = 0; count < 50; count++) {
    await new Promise<void>((resolve, reject) => {
      const request = http1Request(new URL(PATH, server.address), { method: 'POST', agent }, (response) => {
        ports.add(response.socket.localPort)
        response.resume().once('end', () => resolve())
      })
      request.once('error', reject).end('{}')
    })
  }
  expect(ports.size).toBe(1)
  agent.destroy()
})

it('takes several HTTP/1.1 requests that were sent without waiting', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
  const socket = tcp(server.address)
  const one = `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}`
  const last = `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`
  socket.write(one + one + last)
  expect((await received(socket)).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
})

it('knows the protocol when its first bytes come one by one', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
  const socket = tcp(server.address)
  socket.setNoDelay(true)
  for (const char of `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`) {
    socket.write(char)
    if (char === 'P' || char === 'O') await delay(10)
  }
  expect(await received(socket)).toContain('{"RoomIDs":null}')
  const slow = connect(server.address, {
    createConnection: () => {
      const inner = tcp(server.address)
      const write = inner.write.bind(inner)
      inner.write = ((chunk: string | Buffer, ...rest: never[]) => {
        const bytes = Buffer.from(chunk as string, 'latin1')
        for (const byte of bytes.subarray(0, 20)) write(Buffer.of(byte))
        return write(bytes.subarray(20), ...rest)
      }) as typeof inner.write
      return inner
    },
  })
  expect(await ask(slow)).toBe(200)
  slow.close()
})

it('closes a connection that says nothing, or too little, in time', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, {
    ...anyPort,
    limits: { headersTimeoutMs: 150 },
  })
  const silent = tcp(server.address)
  const half = tcp(server.address)
  half.write('PRI * HT')
  const headers = tcp(server.address)
  headers.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\nx-a: `)
  const drip = setInterval(() => headers.write('b'), 30)
  const [nothing, little, late] = await Promise.all([received(silent), received(half), received(headers)])
  clearInterval(drip)
  expect([nothing, little]).toEqual(['', ''])
  expect(late).toContain('408')
})

it('waits for a body only so long, over either protocol', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, {
    ...anyPort,
    limits: { requestTimeoutMs: 200 },
  })
  const http1 = tcp(server.address)
  http1.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{`)
  expect(await received(http1)).toMatch(/^HTTP\/1.1 408 .*body not received in 200 ms/s)
  const session = connect(server.address)
  session.on('error', () => undefined)
  const stream = session.request({ ':method': 'POST', ':path': PATH })
  stream.on('error', () => undefined)
  const drip = setInterval(() => stream.writable && stream.write('{'), 50)
  const status = await new Promise((resolve) => {
    stream.once('response', (head) => resolve(head[':status']))
  })
  clearInterval(drip)
  expect(status).toBe(408)
  expect(await ask(session)).toBe(200)
  session.destroy()
})

it('refuses a stream with more headers than 64, and goes on with its connection', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
  const session = connect(server.address)
  session.on('error', () => undefined)
  const withHeaders = (count: number) => {
    const headers = Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, 'y']))
    const stream = session.request({ ':method': 'POST', ':path': PATH, ...headers })
    stream.end('{}')
    return new Promise((resolve) => {
      stream.once('response', (head) => resolve(head[':status']))
      stream.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    })
  }
  // Four of them are those of HTTP/2 itself.
  expect(await withHeaders(60)).toBe(200)
  expect(await withHeaders(61)).toBe('ERR_HTTP2_STREAM_ERROR')
  expect(await ask(session)).toBe(200)
  session.destroy()
})

it('drops a connection that opens and resets streams without end', async () => {
  const limits = { streamResetBurst: 50, streamResetsPerSecond: 10 }
  const { api, calls } = fakeRoomserver()
  await using server = await serveRoomserver(api, { ...anyPort, limits })
  const session = connect(server.address)
  session.on('error', () => undefined)
  const closed = new Promise((resolve) => session.once('close', resolve))
  let sent = 0
  const burst = setInterval(() => {
    for (let count = 0; count < 50 && !session.destroyed && !session.closed; count++, sent++) {
      const stream = session.request({ ':method': 'POST', ':path': PATH }, { endStream: true })
      stream.on('error', () => undefined)
      stream.close(constants.NGHTTP2_CANCEL)
    }
  }, 5)
  await closed
  clearInterval(burst)
  expect(sent).toBeLessThan(5_000)
  expect(calls.length).toBeLessThan(5_000)
  expect((await askHttp2(server.address, { path: PATH, body: '{}' })).status).toBe(200)
})

it('closes an HTTP/2 connection whose bodies come in frames of a byte, and no other', async () => {
  const { api, calls } = fakeRoomserver()
  await using server = await serveRoomserver(api, anyPort)
  const other = connect(server.address)
  const session = connect(server.address)
  session.on('error', () => undefined)
  const code = new Promise((resolve) => session.once('goaway', resolve))
  let isClosed = false
  session.once('close', () => (isClosed = true))
  const streams = Array.from({ length: 12 }, () => {
    const stream = session.request({ ':method': 'POST', ':path': PATH })
    return stream.on('error', () => undefined)
  })
  // Each by itself is not shorter in pieces than a body may be.
  for (; !isClosed; await delay(1)) for (const stream of streams) if (!stream.destroyed) stream.write(' ')
  expect(await code).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  expect(calls).toEqual([])
  expect(await ask(other)).toBe(200)
  other.destroy()
  session.destroy()
})

it('refuses more streams at once than it allows', async () => {
  const { promise, resolve } = Promise.withResolvers<{ RoomIDs: [] }>()
  const { api } = fakeRoomserver({ queryPublishedRooms: () => promise })
  await using server = await serveRoomserver(api, { ...anyPort, limits: { maxConcurrentStreams: 5 } })
  const session = connect(server.address)
  await new Promise((ready) => session.once('remoteSettings', ready))
  expect(session.remoteSettings.maxConcurrentStreams).toBe(5)
  const all = Promise.all(Array.from({ length: 20 }, () => ask(session)))
  await delay(50)
  resolve({ RoomIDs: [] })
  expect(new Set(await all)).toEqual(new Set([200]))
  session.close()
})

it('tells who asks too often on one connection, or who is one too many', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, {
    ...anyPort,
    limits: { requestsPerSecondPerConnection: 2 },
  })
  const session = connect(server.address)
  const statuses = await Promise.all(Array.from({ length: 30 }, () => ask(session)))
  // The reserve is certain; how many more there are depends on the time that passes.
  expect(new Set(statuses.slice(0, 10))).toEqual(new Set([200]))
  expect(statuses).toContain(503)
  session.close()
  const { promise, resolve } = Promise.withResolvers<{ RoomIDs: [] }>()
  const slow = fakeRoomserver({ queryPublishedRooms: () => promise })
  await using small = await serveRoomserver(slow.api, { ...anyPort, limits: { maxConcurrentRequests: 3 } })
  let refused = 0
  const asked = Array.from({ length: 5 }, async () => {
    const answer = await askHttp1(small.address, { path: PATH, body: '{}' })
    if (answer.status === 503) refused++
    return answer
  })
  await waitUntil(() => refused === 2 && slow.calls.length === 3)
  resolve({ RoomIDs: [] })
  const found = (await Promise.all(asked)).map(({ status }) => status).toSorted((one, other) => one - other)
  expect(found).toEqual([200, 200, 200, 503, 503])
})

/** A request of 180,000 bytes to a server that works on it until it is let go, with room for one such at a time. */
async function holding(limits: ServeOptions['limits']) {
  const { promise, resolve } = Promise.withResolvers<{ events: [] }>()
  const { api, calls } = fakeRoomserver({ queryEventsById: () => promise })
  const bounds = { maxBodyBytes: 200_000, maxBodyBytesInAll: 400_000, ...limits }
  const server = await serveRoomserver(api, { ...anyPort, limits: bounds })
  const path = '/api/roomserver/queryEventsByID'
  const body = `{"event_ids":["${'x'.repeat(180_000)}"]}`
  const first = askHttp2(server.address, { path, body })
  await waitUntil(() => calls.length === 1)
  return { server, path, body, first, calls, letGo: () => resolve({ events: [] }) }
}

it('closes a connection of HTTP/1.1 on which requests are sent without end and without waiting', async () => {
  const { api, calls } = fakeRoomserver()
  await using server = await serveRoomserver(api, anyPort)
  const socket = tcp(server.address)
  socket.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}`.repeat(5_000))
  await received(socket)
  expect(calls.length).toBeLessThan(100)
  expect((await askHttp1(server.address, { path: PATH, body: '{}' })).status).toBe(200)
})

it('has large bodies wait until there is room for them, over either protocol', async () => {
  const { server, path, body, first, calls, letGo } = await holding({})
  await using _server = server
  const session = connect(server.address)
  const others = [ask(session, path, body), ask(session, path, body)]
  const overHttp1 = askHttp1(server.address, { path, body })
  // Small ones do not wait for them.
  for (let again = 0; again < 5; again++) expect(await ask(session)).toBe(200)
  expect(calls.filter(({ operation }) => operation === 'queryEventsById')).toHaveLength(1)
  letGo()
  expect((await first).status).toBe(200)
  expect(await Promise.all(others)).toEqual([200, 200])
  expect((await overHttp1).status).toBe(200)
  session.close()
})

it('has no more large bodies wait than allowed, and none longer than a request may take', async () => {
  const { server, path, body, first, letGo } = await holding({ maxWaitingBodies: 2, requestTimeoutMs: 1_500 })
  await using _server = server
  const session = connect(server.address)
  const statuses = await Promise.all(Array.from({ length: 5 }, () => ask(session, path, body)))
  expect(statuses.toSorted((one, other) => one - other)).toEqual([408, 408, 503, 503, 503])
  letGo()
  expect((await first).status).toBe(200)
  expect(await ask(session, path, body)).toBe(200)
  session.close()
})

it('keeps no place for a large body whose caller does not wait for it', async () => {
  const { server, path, body, first, letGo } = await holding({ maxWaitingBodies: 1 })
  await using _server = server
  const session = connect(server.address)
  const stream = session.request({ ':method': 'POST', ':path': path }).on('error', () => undefined)
  stream.end(body)
  await expect.poll(() => ask(session, path, body)).toBe(503)
  stream.close(constants.NGHTTP2_CANCEL)
  await new Promise((resolve) => stream.once('close', resolve))
  const next = ask(session, path, body)
  for (let again = 0; again < 5; again++) expect(await ask(session)).toBe(200)
  letGo()
  expect((await first).status).toBe(200)
  expect(await next).toBe(200)
  session.close()
})

/** Opens requests on a connection that send the beginning of a body and stop; gives what they are answered. */
function halfSent(session: ClientHttp2Session, count: number, path = PATH, start = '{'): Promise<number>[] {
  return Array.from({ length: count }, () => {
    const stream = session.request({ ':method': 'POST', ':path': path })
    stream.on('error', () => undefined)
    stream.write(start)
    return new Promise<number>((resolve) => {
      stream.once('response', (head) => resolve(Number(head[':status'])))
      stream.once('close', () => resolve(0))
    })
  })
}

it('serves others while more bodies are half sent than requests are worked on, over either protocol', async () => {
  const limits = { maxConcurrentRequests: 10, maxArrivingRequests: 40, maxConcurrentStreams: 1_000 }
  await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, limits })
  const session = connect(server.address)
  session.on('error', () => undefined)
  const fates = halfSent(session, 100)
  const sockets = Array.from({ length: 20 }, () => {
    const socket = tcp(server.address)
    socket.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{`)
    return socket
  })
  await delay(100)
  for (let again = 0; again < 5; again++) {
    expect((await askHttp2(server.address, { path: PATH, body: '{}' })).status).toBe(200)
    expect((await askHttp1(server.address, { path: PATH, body: '{}' })).status).toBe(200)
  }
  // Those that were silent longest made room.
  expect(await fates[0]).toBe(503)
  for (const socket of sockets) socket.destroy()
  session.destroy()
})

it('cuts off a body of which nothing comes any more, long before the time for a request is over', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, {
    ...anyPort,
    limits: { bodyIdleMs: 200 },
  })
  const session = connect(server.address)
  session.on('error', () => undefined)
  const [status] = halfSent(session, 1)
  const socket = tcp(server.address)
  socket.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{`)
  expect(await received(socket)).toMatch(/^HTTP\/1.1 408 .*the body arrived too slowly for 200 ms/s)
  expect(await status).toBe(408)
  session.destroy()
})

it('cuts off a body that comes a byte at a time, over either protocol', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, {
    ...anyPort,
    limits: { bodyIdleMs: 200 },
  })
  const session = connect(server.address)
  const stream = session.request({ ':method': 'POST', ':path': PATH }).on('error', () => undefined)
  const status = new Promise((resolve) => stream.once('response', (head) => resolve(head[':status'])))
  const socket = tcp(server.address).on('error', () => undefined)
  socket.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\n{`)
  const drip = setInterval(() => {
    socket.write(' ')
    if (stream.writable) stream.write(' ')
  }, 10)
  expect(await received(socket)).toContain('HTTP/1.1 408')
  expect(await status).toBe(408)
  clearInterval(drip)
  session.destroy()
})

it('waits for a body that comes slowly but does come', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, {
    ...anyPort,
    limits: { bodyIdleMs: 1_000, minBodyBytesPerSecond: 1 },
  })
  const session = connect(server.address)
  const stream = session.request({ ':method': 'POST', ':path': PATH })
  const status = new Promise((resolve) => stream.once('response', (head) => resolve(head[':status'])))
  for (const char of '{"RoomID":""}') {
    stream.write(char)
    await delay(100)
  }
  stream.end()
  expect(await status).toBe(200)
  session.destroy()
})

it('lets bodies that were given up by their callers keep no bytes from others', async () => {
  const limits = { maxBodyBytesInAll: 2_000_000, bodyIdleMs: 5_000, drainMs: 200 }
  await using server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, limits })
  const path = '/api/roomserver/inputRoomEvents'
  const start = `{"input_room_events":[${`{"event":{"x":"${'x'.repeat(50_000)}"}},`.repeat(8)}`
  const sessions = Array.from({ length: 5 }, () => connect(server.address))
  const fates = sessions.flatMap((session) => {
    session.on('error', () => undefined)
    return halfSent(session, 1, path, start)
  })
  const body = `${start}{}]}`
  const asked = async () => (await askHttp2(server.address, { path, body })).status
  await expect.poll(asked).toBe(200)
  // They made room, long before they were given up for their silence.
  expect(await Promise.race(fates)).toBe(503)
  for (const session of sessions) session.destroy()
})

it('lets no connection take all places, over either protocol', async () => {
  const { promise, resolve } = Promise.withResolvers<{ RoomIDs: [] }>()
  const { api, calls } = fakeRoomserver({ queryPublishedRooms: () => promise })
  const limits = { maxConcurrentRequests: 10, maxConcurrentStreams: 6 }
  await using server = await serveRoomserver(api, { ...anyPort, limits })
  const socket = tcp(server.address)
  socket.write(`POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}`.repeat(30))
  await waitUntil(() => calls.length > 0)
  const other = '/api/roomserver/queryRoomVersionCapabilities'
  expect((await askHttp1(server.address, { path: other, body: '{}' })).status).toBe(200)
  expect((await askHttp2(server.address, { path: other, body: '{}' })).status).toBe(200)
  resolve({ RoomIDs: [] })
  socket.destroy()
})

it('answers others on a connection while long answers wait to be taken', async () => {
  const event = { roomVersion: '10', eventId: '$e', json: `{"x":"${'x'.repeat(60_000)}"}` }
  const events = Array.from({ length: 1_000 }, () => event)
  const { api } = fakeRoomserver({ queryEventsById: async () => ({ events }) })
  await using server = await serveRoomserver(api, anyPort)
  const session = connect(server.address, { settings: { initialWindowSize: 30_000_000 } })
  await new Promise((resolve) => session.once('connect', resolve))
  session.setLocalWindowSize(30_000_000)
  const waiting = Array.from({ length: 4 }, () => {
    return session.request({ ':method': 'POST', ':path': '/api/roomserver/queryEventsByID' }).end('{}')
  })
  await delay(100)
  const statuses = await Promise.all(Array.from({ length: 20 }, () => ask(session)))
  expect(new Set(statuses)).toEqual(new Set([200]))
  for (const stream of waiting) stream.on('error', () => undefined).close(constants.NGHTTP2_CANCEL)
  session.close()
})

it('closes idle connections, but not under a request that takes its time', async () => {
  const { promise, resolve } = Promise.withResolvers<{ RoomIDs: [] }>()
  const { api } = fakeRoomserver({ queryPublishedRooms: () => promise })
  await using server = await serveRoomserver(api, { ...anyPort, limits: { idleTimeoutMs: 100 } })
  const idle = connect(server.address)
  const busy = connect(server.address)
  const pending = ask(busy)
  const http1 = askHttp1(server.address, { path: PATH, body: '{}' })
  await new Promise((closed) => idle.once('close', closed))
  await delay(300)
  resolve({ RoomIDs: [] })
  expect([await pending, (await http1).status]).toEqual([200, 200])
  await new Promise((closed) => busy.once('close', closed))
})

it('cuts off a connection on which nothing moves for very long', async () => {
  const { api } = fakeRoomserver({ queryPublishedRooms: () => new Promise(() => undefined) })
  const limits = { idleTimeoutMs: 50, silenceMs: 150, drainMs: 100 }
  await using server = await serveRoomserver(api, { ...anyPort, limits })
  const session = connect(server.address)
  session.on('error', () => undefined)
  const fates = await Promise.allSettled([ask(session), askHttp1(server.address, { path: PATH, body: '{}' })])
  expect(fates[1].status).toBe('rejected')
  expect(session.destroyed).toBe(true)
})

it('cuts off a caller who takes nothing of a long answer', async () => {
  const event = { roomVersion: '10', eventId: '$e', json: `{"x":"${'x'.repeat(60_000)}"}` }
  const { api } = fakeRoomserver({
    queryEventsById: async () => ({ events: Array.from({ length: 2_000 }, () => event) }),
  })
  await using server = await serveRoomserver(api, { ...anyPort, limits: { answerStallMs: 200 } })
  const socket = tcp(server.address)
  socket.write(
    'POST /api/roomserver/queryEventsByID HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}',
  )
  socket.pause()
  await delay(1_000)
  socket.resume()
  const text = await received(socket)
  expect(text.length).toBeLessThan(100_000_000)
})

it('finishes what is under way when it stops, and takes no more', async () => {
  const { promise, resolve } = Promise.withResolvers<{ RoomIDs: [] }>()
  const { api, calls } = fakeRoomserver({ queryPublishedRooms: () => promise })
  const server = await serveRoomserver(api, anyPort)
  const session = connect(server.address)
  session.on('error', () => undefined)
  const pending = [ask(session), ask(session)]
  const http1 = askHttp1(server.address, { path: PATH, body: '{}' })
  const idle = connect(server.address)
  idle.on('error', () => undefined)
  const idleEnds = new Promise((closed) => idle.once('close', closed))
  await waitUntil(() => calls.length === 3)
  const stopped = server.close()
  await idleEnds
  await delay(50)
  resolve({ RoomIDs: [] })
  expect(await Promise.all(pending)).toEqual([200, 200])
  expect((await http1).status).toBe(200)
  await stopped
  await expect(askHttp1(server.address, { path: PATH, body: '{}' })).rejects.toThrow('ECONNREFUSED')
})

it('does not wait for ever for what is under way when it stops', async () => {
  const never = fakeRoomserver({ queryPublishedRooms: () => new Promise(() => undefined) })
  const server = await serveRoomserver(never.api, { ...anyPort, limits: { drainMs: 100 } })
  const session = connect(server.address)
  session.on('error', () => undefined)
  const pending = Promise.allSettled([ask(session), askHttp1(server.address, { path: PATH, body: '{}' })])
  await waitUntil(() => never.calls.length === 2)
  await server.close()
  const fates = await pending
  expect(fates.map(({ status }) => status)).toContain('rejected')
})

it('does not wait for ever for a caller who leaves an answer lying and keeps the connection', async () => {
  const server = await serveRoomserver(fakeRoomserver().api, { ...anyPort, limits: { drainMs: 100 } })
  const session = connect(server.address)
  session.on('error', () => undefined)
  const closed = new Promise((resolve) => session.once('close', resolve))
  const stream = session.request({ ':method': 'POST', ':path': PATH }).on('error', () => undefined)
  stream.end('{}')
  await new Promise((resolve) => stream.once('response', resolve))
  await server.close()
  stream.resume()
  await closed
})

it('goes on when connections break anywhere', async () => {
  await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
  const whole = `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}`
  for (let length = 0; length < whole.length; length += 3) {
    const socket = tcp(server.address)
    socket.write(whole.slice(0, length), () => socket.resetAndDestroy())
  }
  for (const garbage of [
    '\0\0\0',
    'GET\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nXX',
    '\x16\x03\x01\x02\x00\x01',
    `GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
  ]) {
    const socket = tcp(server.address)
    socket.write(garbage, 'latin1')
    socket.end()
  }
  await delay(200)
  expect((await askHttp1(server.address, { path: PATH, body: '{}' })).status).toBe(200)
  expect((await askHttp2(server.address, { path: PATH, body: '{}' })).status).toBe(200)
})

it.each([
  ['without a reason', constants.NGHTTP2_NO_ERROR],
  ['as given up', constants.NGHTTP2_CANCEL],
])(
  'answers the others when requests are taken back, %s, before or while they are worked on',
  async (_how, code) => {
    const { api, calls } = fakeRoomserver({
      queryPublishedRooms: () => delay(20).then(() => ({ RoomIDs: [] })),
      getRoomIdForAlias: () => delay(20).then(() => Promise.reject(new Error('no'))),
    })
    await using server = await serveRoomserver(api, anyPort)
    const session = connect(server.address)
    for (const path of [PATH, '/api/roomserver/GetRoomIDForAlias']) {
      for (const isWhole of [true, false]) {
        const stream = session.request({ ':method': 'POST', ':path': path }).on('error', () => undefined)
        const before = calls.length
        if (isWhole) {
          stream.end('{}')
          await waitUntil(() => calls.length > before)
        } else {
          stream.write('{')
          await delay(5)
        }
        stream.close(code)
      }
    }
    await delay(50)
    expect(await ask(session)).toBe(200)
    expect(calls.map(({ operation }) => operation)).toEqual([
      'queryPublishedRooms',
      'getRoomIdForAlias',
      'queryPublishedRooms',
    ])
    session.close()
  },
)

it('answers whatever comes while it drains, and says that it is not ready', async () => {
  const ask1 = (address: string, agent: Agent): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const request = http1Request(new URL(PATH, address), { method: 'POST', agent }, (response) => {
        response.resume().once('end', () => resolve(response.headers.connection))
      })
      request.once('error', reject).end('{}')
    })
  await using server = await serveRoomserver(fakeRoomserver().api, anyPort)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const session = connect(server.address)
  expect(await ask(session)).toBe(200)
  expect(await ask1(server.address, agent)).toBe('keep-alive')
  const underWay = ask(session)
  server.drain()
  expect([await underWay, await ask(session)]).toEqual([200, 200])
  expect(await ask1(server.address, agent)).toBe('close')
  const later = connect(server.address)
  expect(await ask(later)).toBe(200)
  const ready = await askHttp1(server.address, { method: 'GET', path: '/readyz' })
  expect([ready.status, JSON.parse(ready.body)]).toEqual([
    503,
    { ready: false, checks: { server: 'stopping' } },
  ])
  for (const one of [session, later]) one.destroy()
  agent.destroy()
})
