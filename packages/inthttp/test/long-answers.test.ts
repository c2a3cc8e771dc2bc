import { Agent, request as http1Request } from 'node:http'
import { connect, constants } from 'node:http2'
import { type AddressInfo, connect as connectSocket, createServer } from 'node:net'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { filled, QueryLatestEventsAndStateResponse, StreamedList, type StreamedPart } from '@roomserver/api'
import { silentLogger } from '@roomserver/types'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type ServeOptions, serveRoomserver } from '../src/index.ts'
import { fakeRoomserver } from './fake-roomserver.ts'
import { type Ask, askHttp1, askHttp2 } from './raw-requests.ts'

const PATH = '/api/roomserver/queryLatestEventsAndState'
const PATH_OF_OTHERS = '/api/roomserver/queryRoomVersionCapabilities'
const ELEMENT = `{"a":"${'ü'.repeat(8_000)}"}`
const PARTS = 2_000

/** A list of 32 MB, of which every other part comes later; counts those that were asked for. */
function longList(failAt = Infinity) {
  const counted = { parts: 0, ended: 0 }
  const list = new StreamedList(function* (): Generator<StreamedPart, void, void> {
    for (; counted.parts < PARTS; counted.parts++) {
      const fails = counted.parts >= failAt
      if (fails || counted.parts % 2 === 1) {
        yield setImmediate().then(() => (fails ? Promise.reject(new Error('lost')) : undefined))
      }
      yield Buffer.from(`${counted.parts === 0 ? '[' : ','}${ELEMENT}`)
    }
    yield Buffer.from(']')
    counted.ended++
  })
  return { counted, list }
}

async function serve(list: StreamedList, options: ServeOptions = {}) {
  const faults: unknown[] = []
  const log = { ...silentLogger, error: (fields: object) => void faults.push(fields) }
  const server = await serveRoomserver(fakeRoomserver().api, {
    listen: { port: 0 },
    log,
    streamed: {
      queryLatestEventsAndState: async () => ({
        ...filled(QueryLatestEventsAndStateResponse, { depth: 7 }),
        state_events: list,
      }),
    },
    ...options,
  })
  return { server, faults, [Symbol.asyncDispose]: () => server.close() }
}

describe.each<[string, Ask]>([
  ['HTTP/1.1', askHttp1],
  ['h2c', askHttp2],
])('%s', (_name, ask) => {
  it('sends a list in parts, waiting for those that are not at hand', async () => {
    const { counted, list } = longList()
    await using served = await serve(list)
    const { status, body } = await ask(served.server.address, { path: PATH, body: '{}' })
    expect(status).toBe(200)
    const answer = JSON.parse(body) as { state_events: { a: string }[]; depth: number }
    expect(answer.depth).toBe(7)
    expect(answer.state_events).toHaveLength(PARTS)
    expect(answer.state_events.every(({ a }) => a.length === 8_000)).toBe(true)
    expect([counted.ended, served.faults]).toEqual([1, []])
  })

  it('breaks an answer off that cannot be brought to its end, so that nobody takes it for whole', async () => {
    await using served = await serve(longList(500).list)
    await expect(ask(served.server.address, { path: PATH, body: '{}' })).rejects.toThrow(
      /ECONNRESET|aborted|hang up|INTERNAL_ERROR/,
    )
    expect(served.faults).toMatchObject([{ err: { message: 'lost' } }])
  })

  it('answers with an error where the beginning fails already', async () => {
    await using served = await serve(longList(1).list)
    expect((await ask(served.server.address, { path: PATH, body: '{}' })).status).toBe(500)
  })
})

it('makes no more of a list than a slow caller takes, and stops when the caller has disconnected', async () => {
  const { counted, list } = longList()
  await using served = await serve(list)
  const session = connect(served.server.address)
  const stream = session.request({ ':method': 'POST', ':path': PATH })
  stream.end('{}')
  await new Promise((resolve) => stream.once('response', resolve))
  await delay(200)
  const untaken = counted.parts
  expect(untaken).toBeLessThan(PARTS / 10)
  stream.resume()
  while (counted.parts < PARTS / 2) await delay(1)
  stream.pause()
  stream.close(constants.NGHTTP2_CANCEL)
  await delay(200)
  expect(counted.parts).toBeLessThan(PARTS)
  session.close()
  expect(served.faults).toEqual([])
})

it('stops when the connection of a caller by HTTP/1.1 is gone', async () => {
  const { counted, list } = longList()
  await using served = await serve(list)
  const agent = new Agent()
  const request = http1Request(new URL(PATH, served.server.address), { method: 'POST', agent })
  await new Promise<void>((resolve) => {
    request.once('response', (response) => response.once('data', () => resolve())).end('{}')
  })
  request.on('error', () => undefined).destroy()
  await delay(200)
  expect(counted.parts).toBeLessThan(PARTS)
  expect(served.faults).toEqual([])
})

it('answers others while a long answer is made of parts that take their time and never give way', async () => {
  // The clock moves with the parts alone: each takes two milliseconds. Fewer than fill a batch, after which others go anyway.
  const most = 200_000
  let made = 0
  let isOtherAnswered = false
  vi.spyOn(performance, 'now').mockImplementation(() => made * 2)
  onTestFinished(() => void vi.restoreAllMocks())
  const list = new StreamedList(function* (): Generator<StreamedPart, void, void> {
    yield Buffer.from('[0')
    for (; made < most && !isOtherAnswered; made++) {
      yield Promise.resolve()
      yield Buffer.from(',0')
    }
    yield Buffer.from(']')
  })
  await using served = await serve(list)
  const whole = askHttp2(served.server.address, { path: PATH, body: '{}' })
  while (made === 0) await setImmediate()
  const other = await askHttp1(served.server.address, { path: PATH_OF_OTHERS, body: '{}' })
  isOtherAnswered = true
  expect(other.status).toBe(200)
  expect(JSON.parse((await whole).body)).toMatchObject({ depth: 7 })
  expect(made).toBeLessThan(most)
})

it('lets others have a turn after some parts, however many long answers are made at the same time', async () => {
  // The clock moves with the parts alone: each takes a millisecond.
  let made = 0
  vi.spyOn(performance, 'now').mockImplementation(() => made)
  onTestFinished(() => void vi.restoreAllMocks())
  const list = new StreamedList(function* (): Generator<StreamedPart, void, void> {
    yield Buffer.from('[0')
    for (let part = 0; part < 200; part++) {
      made++
      yield Promise.resolve()
      yield Buffer.from(',0')
    }
    yield Buffer.from(']')
  })
  await using served = await serve(list)
  const callers = Array.from({ length: 20 }, () =>
    askHttp2(served.server.address, { path: PATH, body: '{}' }),
  )
  while (made < 100) await setImmediate()
  const before = made
  for (let turns = 0; turns < 10; turns++) await setImmediate()
  // Five milliseconds' work a turn for all of them, where each of the twenty had as much for itself.
  expect(made - before).toBeLessThan(10 * 15)
  for (const { status } of await Promise.all(callers)) expect(status).toBe(200)
})

it('makes what many answers have in common once, however long that takes', async () => {
  // The clock moves with the work alone: reading takes two milliseconds, writing one.
  const written = new Map<number, Buffer>()
  let now = 0
  let made = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => void vi.restoreAllMocks())
  const list = new StreamedList(function* (): Generator<StreamedPart, void, void> {
    yield Buffer.from('[0')
    for (let page = 0; page < 50; page++) {
      if (!written.has(page)) {
        now += 2
        yield Promise.resolve()
        now++
        made++
        written.set(page, Buffer.from(`,${page}`))
      }
      yield written.get(page) ?? Buffer.alloc(0)
    }
    yield Buffer.from(']')
  })
  await using served = await serve(list)
  const callers = Array.from({ length: 20 }, () =>
    askHttp2(served.server.address, { path: PATH, body: '{}' }),
  )
  for (const { status } of await Promise.all(callers)) expect(status).toBe(200)
  expect(made).toBe(50)
})

it('makes less of each answer where many are left lying', async () => {
  let bytes = 0
  const list = new StreamedList(function* (): Generator<StreamedPart, void, void> {
    for (let part = 0; part < 100; part++) {
      const text = Buffer.from(`${part === 0 ? '[' : ','}${ELEMENT}`)
      bytes += text.length
      yield text
    }
    yield Buffer.from(']')
  })
  await using served = await serve(list)
  const session = connect(served.server.address)
  const streams = Array.from({ length: 400 }, () => {
    const stream = session.request({ ':method': 'POST', ':path': PATH })
    stream.on('error', () => undefined).end('{}')
    return stream
  })
  await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('response', resolve))))
  for (let last = -1; last !== bytes; await delay(100)) last = bytes
  expect(bytes).toBeLessThan(64 * 1024 * 1024)
  session.destroy()
})

/** Passes bytes on to a server, and keeps what it says. */
async function overhear(address: string) {
  const { hostname, port } = new URL(address)
  const said: Buffer[] = []
  const proxy = createServer((caller) => {
    const server = connectSocket(Number(port), hostname)
    server
      .on('data', (chunk) => said.push(chunk))
      .pipe(caller)
      .pipe(server)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => proxy.once('listening', resolve))
  const at = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  return { at, said, [Symbol.dispose]: () => void proxy.close() }
}

/** The lengths of the frames of data in a stream of HTTP/2. @see https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
function dataFrames(bytes: Buffer): readonly number[] {
  const lengths: number[] = []
  for (let at = 0; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3))
    if (bytes[at + 3] === 0) lengths.push(bytes.readUIntBE(at, 3))
  return lengths.filter((length) => length > 0)
}

it('sends a short answer over HTTP/2 in one frame, of however many parts it is made', async () => {
  const list = new StreamedList(function* (): Generator<StreamedPart, void, void> {
    yield Buffer.from('[0')
    for (let part = 0; part < 100; part++) yield Buffer.from(`,${part}`)
    yield Buffer.from(']')
  })
  await using served = await serve(list)
  using between = await overhear(served.server.address)
  const { body } = await askHttp2(between.at, { path: PATH, body: '{}' })
  expect(dataFrames(Buffer.concat(between.said))).toEqual([Buffer.byteLength(body)])
})

it('resets the answer of a caller by HTTP/2 who takes nothing for too long', async () => {
  const { counted, list } = longList()
  await using served = await serve(list, { limits: { answerStallMs: 100 } })
  const session = connect(served.server.address)
  const stream = session.request({ ':method': 'POST', ':path': PATH })
  stream.end('{}')
  const failed = new Promise<unknown>((resolve) => stream.once('error', resolve))
  await new Promise((resolve) => stream.once('response', resolve))
  await delay(300)
  stream.resume()
  expect(await failed).toMatchObject({ message: expect.stringContaining('INTERNAL_ERROR') as string })
  expect(counted.parts).toBeLessThan(PARTS / 10)
  session.close()
})
