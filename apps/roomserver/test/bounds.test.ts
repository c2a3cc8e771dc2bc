import { createServer, type Http2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { configFile, folder, Program } from './program.ts'

/** What a bound of a few milliseconds may take on a busy machine. */
const REPAIR_MS = 3_000

let hanging: Http2Server
let program: Program

/** A federation component that takes every call and answers none. */
beforeAll(async () => {
  hanging = createServer()
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
  const federation = (hanging.address() as AddressInfo).port
  const files = folder()
  const config = configFile(files, {
    global: { cache: { max_size_estimated: '1mb' }, metrics: { enabled: true } },
    room_server: { database: { connection_string: `file:${join(files, 'rooms.db')}` } },
    federation_api: { internal_api: { connect: `http://127.0.0.1:${federation}` } },
    roomserver: {
      http: { max_body: '1mb' },
      input: { max_queued_bytes: '1mb' },
      repair: { time: `${REPAIR_MS / 1_000}s`, call_time: '1s' },
    },
  })
  program = await Program.serving(['--config', config])
}, 60_000)

afterAll(async () => {
  await program[Symbol.asyncDispose]()
  hanging.close()
})

async function input(
  events: readonly Pdu[],
): Promise<{ readonly response: Response; readonly text: string }> {
  const body = JSON.stringify({
    input_room_events: events.map(({ json, eventId, rules }) => ({
      kind: 2,
      origin: 'elsewhere',
      event: { ...(JSON.parse(json) as object), _room_version: rules.version, _event_id: eventId },
    })),
  })
  const response = await fetch(`${program.url}/api/roomserver/inputRoomEvents`, { method: 'POST', body })
  return { response, text: await response.text() }
}

async function stored(name: string): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ creator: '@alice:localhost', roomId: `!${name}:localhost` })
  expect((await input(room.events)).text).toContain('"ErrMsg":""')
  return room
}

/** Has a message of a room and a question answered. */
async function isServed(room: RoomBuilder): Promise<void> {
  expect((await input([await room.message('meanwhile')])).text).toContain('"ErrMsg":""')
  expect((await fetch(`${program.url}/healthz`)).status).toBe(200)
}

it('refuses a body beyond the bound', async () => {
  const body = `{"x":"${'y'.repeat(2_000_000)}"}`
  const response = await fetch(`${program.url}/api/roomserver/inputRoomEvents`, { method: 'POST', body })
  expect(response.status).toBe(413)
})

it('tells callers who flood a room to come back later, takes what it took, and serves other rooms', async () => {
  const [flooded, quiet] = [await stored('flooded'), await stored('quiet')]
  const start = flooded.extremities
  // Each request alone fills the room's queue. How many arrive while one is decided on is up to the machine.
  const flood = async () => {
    const requests: Pdu[][] = []
    for (let i = 0; i < 10; i++) {
      const messages: Pdu[] = []
      for (let j = 0; j < 10; j++)
        messages.push(await flooded.message(`${i}.${j}${'x'.repeat(50_000)}`, { prev: start }))
      requests.push(messages)
    }
    const answered = Promise.all(requests.map(async (sent) => ({ sent, ...(await input(sent)) })))
    await isServed(quiet)
    return await answered
  }
  const answers: Awaited<ReturnType<typeof flood>> = []
  const withStatus = (status: number) => answers.filter(({ response }) => response.status === status)
  for (let rounds = 0; rounds < 10 && withStatus(503).length === 0; rounds++) answers.push(...(await flood()))
  const refused = withStatus(503)
  expect(refused.length).toBeGreaterThan(0)
  for (const { response } of refused) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  const taken = withStatus(200)
  expect(taken.length + refused.length).toBe(answers.length)
  expect(taken.every(({ text }) => text.includes('"ErrMsg":""'))).toBe(true)
  for (const { sent } of answers) expect((await input(sent)).text).toContain('"ErrMsg":""')
}, 60_000)

it('lets a room that waits for a server which does not answer delay nobody, and not wait for ever', async () => {
  const [waiting, quiet] = [await stored('waiting'), await stored('beside')]
  const end = waiting.extremities
  const unknown = await waiting.message('never sent')
  const lacking = await waiting.message('lacks something', { prev: [unknown] })
  let isOver = false
  const wait = input([lacking]).finally(() => {
    isOver = true
  })
  await isServed(quiet)
  const others = await waiting.message('in the same room', { prev: end })
  expect((await input([others])).text).toContain('"ErrMsg":""')
  expect(isOver).toBe(false)
  expect((await wait).text).toContain(unknown.eventId)
}, 60_000)

it('keeps its cache within the bytes that the configuration names', async () => {
  const room = await stored('large')
  for (let i = 0; i < 100; i++)
    expect((await input([await room.message('x'.repeat(20_000))])).response.ok).toBe(true)
  const metrics = await (await fetch(`${program.url}/metrics`)).text()
  const bytes = Number(/^roomserver_cache_bytes (\d+)/m.exec(metrics)?.[1])
  expect(bytes).toBeGreaterThan(100_000)
  expect(bytes).toBeLessThan(1.2 * 1024 * 1024)
}, 60_000)
