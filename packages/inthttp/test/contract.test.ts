import {
  type Endpoint,
  filled,
  type AdministrationApi,
  administrationEndpoints,
  type InspectionApi,
  inspectionEndpoints,
  type RoomserverApi,
  roomserverEndpoints,
} from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createAdministrationClient,
  createInspectionClient,
  createRoomserverClient,
  type RoomserverServer,
  serveRoomserver,
} from '../src/index.ts'
import { type FakeRoomserver, fakeRoomserver } from './fake-roomserver.ts'
import { sampleOf } from './sample.ts'

type Method = (request: unknown) => Promise<unknown>

const operations = Object.entries<unknown>(roomserverEndpoints) as [
  keyof RoomserverApi,
  Endpoint<unknown, object>,
][]

/** What each operation answers: everything that can be said, or nothing. */
let isTalkative = true
const answers = Object.fromEntries(
  operations.map(([name, { response }]) => [
    name,
    async () => (isTalkative ? sampleOf(response) : filled(response, {})),
  ]),
)

let fake: FakeRoomserver
let server: RoomserverServer
let paths: Readonly<Record<string, RoomserverApi & Partial<AsyncDisposable>>>

beforeAll(async () => {
  fake = fakeRoomserver(answers)
  server = await serveRoomserver(fake.api, { listen: { port: 0 } })
  paths = {
    'in process': fake.api,
    'over HTTP/1.1': createRoomserverClient(server.address, { protocol: 'http/1.1' }),
    'over h2c': createRoomserverClient(server.address, { protocol: 'h2c' }),
  }
})

afterAll(async () => {
  for (const client of Object.values(paths)) await client[Symbol.asyncDispose]?.()
  await server.close()
})

describe.each(['in process', 'over HTTP/1.1', 'over h2c'])('%s', (path) => {
  it.each(operations)('%s brings everything that can be said', async (name, { request, response }) => {
    isTalkative = true
    const call = paths[path]?.[name] as Method
    const asked = sampleOf(request)
    expect(await call(asked)).toEqual(sampleOf(response))
    expect(fake.calls.at(-1)).toEqual({ operation: name, request: asked })
  })

  it.each(operations)('%s brings nothing where nothing is said', async (name, { request, response }) => {
    isTalkative = false
    const call = paths[path]?.[name] as Method
    const asked = filled(request as typeof response, {})
    expect(await call(asked)).toEqual(filled(response, {}))
    expect(fake.calls.at(-1)).toEqual({ operation: name, request: asked })
  })

  it('rejects with the failure that the room server gave', async () => {
    const failure = new RoomserverError('ROOM_NOT_FOUND', { roomId: '!r\u{1f600}:x' }, 'there is no room "r"')
    const mute = fakeRoomserver({ queryRoomVersionForRoom: () => Promise.reject(failure) })
    await using other = await serveRoomserver(mute.api, { listen: { port: 0 } })
    const protocol = path === 'over h2c' ? 'h2c' : 'http/1.1'
    await using client = createRoomserverClient(other.address, { protocol })
    const api: RoomserverApi = path === 'in process' ? mute.api : client
    const given = await api.queryRoomVersionForRoom({ room_id: '!r' }).catch((error: unknown) => error)
    expect(given).toBeInstanceOf(RoomserverError)
    expect(given).toMatchObject({ code: failure.code, details: failure.details, message: failure.message })
  })
})

const FAMILIES = [
  ['inspection', 'inspect/v1/rooms', inspectionEndpoints, createInspectionClient],
  ['administration', 'admin/v1/blockedRooms', administrationEndpoints, createAdministrationClient],
] as const

it.each(FAMILIES)(
  'brings whatever the %s says, and has no path for it where there is none',
  async (family, path, endpoints, createClient) => {
    const table = Object.entries<unknown>(endpoints) as [string, Endpoint<unknown, object>][]
    const asked: unknown[] = []
    const methods = table.map(([name, { response }]) => [
      name,
      async (request: unknown) => {
        asked.push(request)
        return sampleOf(response)
      },
    ])
    const api = Object.fromEntries(methods) as InspectionApi & AdministrationApi
    await using served = await serveRoomserver(fake.api, { listen: { port: 0 }, [family]: api })
    await using client = createClient(served.address)
    for (const [name, { request, response }] of table) {
      const call = (client as unknown as Readonly<Record<string, Method>>)[name]
      expect(await call?.(sampleOf(request)), name).toEqual(sampleOf(response))
      expect(asked.at(-1), name).toEqual(sampleOf(request))
    }
    const closed = await fetch(`${server.address}/api/${path}`, { method: 'POST', body: '{}' })
    expect(closed.status).toBe(404)
  },
)
