import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { gunzipSync } from 'node:zlib'
import { type Endpoint, encode, roomserverEndpoints } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import { expect, it } from 'vitest'
import { serveRoomserver } from '../src/index.ts'
import { fakeRoomserver } from './fake-roomserver.ts'
import { mutate, post, randomNumbers } from '@roomserver/testing'
import { sampleOf } from './sample.ts'

/** How many odd requests are sent; the long run is `HOSTILE_REQUESTS=100000`. */
const COUNT = Number(process.env['HOSTILE_REQUESTS'] ?? 10_000)
const IN_FLIGHT = 64

interface Seed {
  readonly path: string
  readonly body: unknown
}

/** One request of each operation, and recorded ones where they are at hand. */
function seeds(): readonly Seed[] {
  const made = Object.values<unknown>(roomserverEndpoints).map((endpoint) => {
    const { path, request } = endpoint as Endpoint
    return { path: `/api${path}`, body: JSON.parse(encode(request, sampleOf(request))) as unknown }
  })
  const folder = new URL('../../../../shared/traffic/', import.meta.url)
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('local')) : []
  const recorded = files.flatMap((name) => {
    const lines = gunzipSync(readFileSync(new URL(name, folder)))
      .toString('utf8')
      .trim()
      .split('\n')
    return lines
      .map((line) => JSON.parse(line) as { path?: string; request?: unknown })
      .flatMap(({ path, request }) =>
        path?.startsWith('/api/roomserver/') === true ? [{ path, body: request }] : [],
      )
  })
  return [...made, ...recorded.filter((_seed, index) => index % 10 === 0)]
}

it(`answers ${COUNT} odd requests, each in a form that callers know`, { timeout: 600_000 }, async () => {
  const refuse = async () => {
    throw new RoomserverError('ROOM_NOT_FOUND', { roomId: '!r' }, 'there is no such room')
  }
  const { api } = fakeRoomserver({ queryRoomVersionForRoom: refuse, performBackfill: refuse })
  await using server = await serveRoomserver(api, {
    listen: { port: 0 },
    limits: { maxBodyBytes: 2_000_000 },
  })
  const session = connect(server.address)
  const pool = seeds()
  const random = randomNumbers(20_220_811)
  const statuses = new Map<number, number>()
  let sent = 0
  const before = process.memoryUsage().rss
  const work = async () => {
    while (sent < COUNT) {
      sent++
      const seed = pool[random(pool.length)] ?? pool[0]
      if (seed === undefined) throw new Error('no seeds')
      const body = mutate(seed.body, random)
      const { status, text } = await post(session, seed.path, body)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      const about = `${seed.path} ${status} ${body.toString('utf8').slice(0, 300)}`
      if (status === 404) expect(text, about).toBe('404 page not found\n')
      else if (status === 400)
        expect(JSON.parse(text), about).toEqual({ message: expect.any(String) as string })
      else if (status === 500)
        expect(text, about).toBe('{"Type":"*errors.errorString","Message":"there is no such room"}')
      else expect([status, typeof JSON.parse(text)], about).toEqual([200, 'object'])
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  session.close()
  expect(statuses.get(200) ?? 0).toBeGreaterThan(COUNT / 10)
  expect(statuses.get(400) ?? 0).toBeGreaterThan(COUNT / 10)
  expect(process.memoryUsage().rss - before).toBeLessThan(512 * 1024 * 1024)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})
