import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { type Endpoint, encode, filled, inspectionEndpoints, roomserverEndpoints } from '@roomserver/api'
import { mutate, post, randomNumbers } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { folder, Program } from './program.ts'

/** How many odd requests are sent; the long run is `HOSTILE_REQUESTS=100000`. */
const COUNT = Number(process.env['HOSTILE_REQUESTS'] ?? 5_000)
const IN_FLIGHT = 16
const MAX_MEGABYTES = 1_000

interface Asked {
  readonly path: string
  readonly body: Buffer
}

interface Line {
  readonly kind: string
  readonly path?: string
  readonly request?: unknown
  readonly input?: unknown
}

const recording = new URL('../../../../shared/traffic/local.hs1.jsonl.gz', import.meta.url)
const lines = existsSync(recording)
  ? gunzipSync(readFileSync(recording))
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line)
  : []

/** Requests as they should be: recorded ones, and one of each operation that says nothing. */
function seeds(): readonly { readonly path: string; readonly body: unknown }[] {
  const operations = { ...roomserverEndpoints, ...inspectionEndpoints }
  const empty = Object.values<unknown>(operations).map((endpoint) => {
    const { path, request } = endpoint as Endpoint<object>
    return { path: `/api${path}`, body: JSON.parse(encode(request, filled(request, {}))) as unknown }
  })
  const recorded = lines.flatMap(({ path, request }) => {
    return path?.startsWith('/api/roomserver/') === true ? [{ path, body: request }] : []
  })
  return [...empty, ...recorded]
}

const TABLES = "select name from sqlite_master where type = 'table' and name <> 'leases' order by name"

/** Everything in the database, as text, but the leases: the program prolongs its own all the time. */
function contents(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true })
  const names = database.prepare(TABLES).all()
  const tables = names.map(({ name }) => {
    const statement = database.prepare(`select * from "${String(name)}"`)
    statement.setReadBigInts(true)
    return [name, statement.all().map((row) => Object.values(row).map(String))]
  })
  database.close()
  return JSON.stringify(tables)
}

/** The same, once what was queued has been worked on. */
async function quiet(file: string): Promise<string> {
  for (let last = contents(file); ; ) {
    await delay(500)
    const now = contents(file)
    if (now === last) return now
    last = now
  }
}

async function megabytes(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return Number(/^process_resident_memory_bytes (\d+)/m.exec(metrics)?.[1]) / 1e6
}

it(`is not moved by ${COUNT} odd requests`, { timeout: 900_000 }, async () => {
  const data = folder()
  await using program = await Program.serving([
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--server-name',
    'localhost:17040',
  ])
  const session = connect(program.url)
  for (const { kind, input } of lines) {
    if (kind !== 'input') continue
    const body = Buffer.from(JSON.stringify({ input_room_events: [input] }))
    expect((await post(session, '/api/roomserver/inputRoomEvents', body)).status).toBe(200)
  }

  const pool = seeds()
  const random = randomNumbers(2022)
  const refused: Asked[] = []
  let sent = 0
  const work = async () => {
    while (sent++ < COUNT) {
      const seed = pool[random(pool.length)]
      if (seed === undefined) throw new Error('there are no seeds')
      const asked = { path: seed.path, body: mutate(seed.body, random) }
      const { status, text } = await post(session, asked.path, asked.body)
      const about = `${asked.path} ${status} ${text.slice(0, 200)}`
      expect([200, 400, 404, 500], about).toContain(status)
      if (status !== 200) refused.push(asked)
      if (status === 500) expect(Object.keys(JSON.parse(text) as object), about).toEqual(['Type', 'Message'])
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  expect(refused.length).toBeGreaterThan(COUNT / 10)
  expect(program.log.filter(({ msg }) => msg?.includes('unexpectedly'))).toEqual([])
  expect(await megabytes(program.url)).toBeLessThan(MAX_MEGABYTES)

  const file = join(data, 'roomserver.db')
  // What was refused once may be in order by now, and is not sent again.
  const stillRefused: Asked[] = []
  for (const asked of refused.slice(-1_000)) {
    if ((await post(session, asked.path, asked.body)).status !== 200) stillRefused.push(asked)
  }
  const before = await quiet(file)
  for (const asked of stillRefused) expect((await post(session, asked.path, asked.body)).status).not.toBe(200)
  expect(contents(file) === before).toBe(true)
  session.close()
})
