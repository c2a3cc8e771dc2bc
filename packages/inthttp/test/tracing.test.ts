import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { createAppserviceClient, serveRoomserver, type Tracing } from '../src/index.ts'
import { fakeRoomserver } from './fake-roomserver.ts'
import { askHttp1 } from './raw-requests.ts'

it('tells who traces of operations and calls, and hands the trace on', async () => {
  const seen: unknown[] = []
  const tracing: Tracing = {
    operation: ({ name, traceparent, roomId }, work) => {
      seen.push(['operation', name, traceparent, roomId])
      return work('trace')
    },
    call: (component, operation, work) => {
      seen.push(['call', component, operation])
      return work('00-trace')
    },
  }
  const appservice = createServer((request, response) => {
    seen.push(['appservice', request.headers['traceparent']])
    response.end('{"exists":true}')
  })
  await new Promise<void>((resolve) => appservice.listen(0, '127.0.0.1', () => resolve()))
  const url = `http://127.0.0.1:${(appservice.address() as AddressInfo).port}`
  await using client = createAppserviceClient(url, { protocol: 'http/1.1', tracing })
  const { api } = fakeRoomserver({
    getRoomIdForAlias: async ({ alias }) => {
      const { exists } = await client.roomAliasExists({ alias })
      return { room_id: exists ? '!r' : '' }
    },
  })
  await using server = await serveRoomserver(api, { listen: { port: 0 }, tracing })
  const answer = await askHttp1(server.address, {
    path: '/api/roomserver/GetRoomIDForAlias',
    body: '{"alias":"#a:x"}',
    headers: { traceparent: '00-caller' },
  })
  expect(answer.body).toBe('{"room_id":"!r"}')
  expect(seen).toEqual([
    ['operation', 'getRoomIdForAlias', '00-caller', undefined],
    ['call', 'appservice', 'roomAliasExists'],
    ['appservice', '00-trace'],
  ])
  appservice.close()
})
