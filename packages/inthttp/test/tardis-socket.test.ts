import { once } from 'node:events'
import { request } from 'node:http'
import { isJsonObject } from '@roomserver/types'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type RoomserverServer, serveRoomserver } from '../src/index.ts'
import type { TardisResolver } from '../src/server/options.ts'
import { fakeRoomserver } from './fake-roomserver.ts'

/** Answers with the events that it is asked about, once it has them. */
const echo: TardisResolver = async (data, getEvents) => {
  const ids = isJsonObject(data) && Array.isArray(data['ids']) ? data['ids'].map(String) : []
  if (ids.includes('$fault')) throw new TypeError('a fault')
  return { result: Object.fromEntries(await getEvents(ids)), error: '' }
}

let parts: AsyncDisposableStack
beforeEach(() => {
  parts = new AsyncDisposableStack()
})
afterEach(() => parts.disposeAsync())

async function serve(token?: string): Promise<RoomserverServer> {
  const options = { listen: { port: 0 }, tardis: echo, token, limits: { drainMs: 1_000 } }
  return parts.use(await serveRoomserver(fakeRoomserver().api, options))
}

const addressOf = ({ address }: RoomserverServer, query = '') =>
  `${address.replace('http', 'ws')}/api/inspect/tardis${query}`

async function connected(server: RoomserverServer, query = '', origin?: string): Promise<WebSocket> {
  const client = new WebSocket(addressOf(server, query), origin === undefined ? {} : { origin })
  parts.defer(() => client.terminate())
  await once(client, 'open')
  return client
}

/** With what status a connection is refused. */
async function refusal(server: RoomserverServer, query = '', origin?: string): Promise<number | undefined> {
  const client = new WebSocket(addressOf(server, query), origin === undefined ? {} : { origin })
  client.on('error', () => undefined)
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, { statusCode?: number }]
  client.terminate()
  return response.statusCode
}

/** Asks as TARDIS does, and gives the events that it is asked for. */
async function ask(client: WebSocket, ids: readonly string[]): Promise<unknown> {
  const answer = Promise.withResolvers<unknown>()
  client.on('message', (text: Buffer) => {
    const { data, id, type } = JSON.parse(text.toString()) as {
      readonly type: string
      readonly id: string
      readonly data: { readonly event_id?: string }
    }
    if (type === 'resolve_state') answer.resolve(data)
    else if (data.event_id !== '$unknown')
      client.send(JSON.stringify({ type, id, data: { ...data, event: { of: data.event_id } } }))
    else client.send(JSON.stringify({ type, id, data }))
  })
  client.send(JSON.stringify({ type: 'resolve_state', id: 'one', data: { ids } }))
  return await answer.promise
}

it('answers questions of TARDIS, and asks it for the events', async () => {
  const client = await connected(await serve())
  expect(await ask(client, ['$a', '$unknown', '$b'])).toEqual({
    result: { $a: { of: '$a' }, $b: { of: '$b' } },
    error: '',
  })
  expect(await ask(client, ['$fault'])).toMatchObject({
    error: expect.stringContaining('internal error') as string,
  })
})

it('lets pages of this machine connect, and those of other places only with the token', async () => {
  const server = await serve()
  await connected(server, '', 'http://localhost:5173')
  expect(await refusal(server, '', 'https://evil.example')).toBe(403)
  const guarded = await serve('secret')
  expect(await refusal(guarded)).toBe(401)
  expect(await refusal(guarded, '?access_token=wrong')).toBe(401)
  await connected(guarded, '?access_token=secret', 'https://tardis.example')
})

it('takes no more than a few connections, and no huge or meaningless messages', async () => {
  const server = await serve()
  const clients = [await connected(server)]
  for (let at = 1; at < 4; at++) clients.push(await connected(server))
  expect(await refusal(server)).toBe(503)
  clients[0]?.send('not JSON')
  expect((await once(clients[0]!, 'close'))[0]).toBe(1003)
  clients[1]?.send('x'.repeat(5 * 1024 * 1024))
  expect((await once(clients[1]!, 'close'))[0]).toBe(1009)
  await connected(server)
})

it('ends connections when the server stops', async () => {
  const server = await serve()
  const client = await connected(server)
  const closed = once(client, 'close')
  await server.close()
  await closed
})

it('answers others that ask for another protocol as if they had not', async () => {
  const server = await serve()
  const asked = request(`${server.address}/healthz`, {
    headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAoAAA' },
  }).end()
  const [response] = (await once(asked, 'response')) as [{ readonly statusCode?: number }]
  expect(response.statusCode).toBe(200)
})
