import { createServer, type IncomingMessage, type Server } from 'node:http'
import { constants, createServer as createHttp2Server, type Http2ServerRequest } from 'node:http2'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CallContext, FederationApi } from '@roomserver/api'
import { isFailure } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import {
  createAppserviceClient,
  createFederationClient,
  createRoomserverClient,
  type Client,
  type ObservedCall,
  type PeerOptions,
  serveRoomserver,
} from '../src/index.ts'
import { fakeRoomserver } from './fake-roomserver.ts'

/** A peer that answers as told, over either protocol. */
async function peer(
  protocol: 'h2c' | 'http/1.1',
  answer: (count: number) => { readonly status: number; readonly body: string },
) {
  let count = 0
  const handler = (
    request: { resume(): void },
    response: { writeHead(status: number, headers: object): void; end(body: string): void },
  ) => {
    request.resume()
    const { status, body } = answer(++count)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body)
  }
  const server = protocol === 'h2c' ? createHttp2Server(handler as never) : createServer(handler as never)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    count: () => count,
    [Symbol.asyncDispose]: async () => {
      ;(server as Partial<Server>).closeAllConnections?.()
      server.close()
    },
  }
}

describe.each(['h2c', 'http/1.1'] as const)('%s', (protocol) => {
  const options: PeerOptions = { protocol, retries: 2 }

  it('takes what another server refused in the component’s words', async () => {
    const error = { Err: 'no route to host', RetryAfter: 0, Blacklisted: true }
    await using other = await peer(protocol, () => ({ status: 500, body: JSON.stringify(error) }))
    await using client = createFederationClient(other.url, options)
    const given = await client.getEvent({ S: 'x', EventID: '$e' }).catch((caught: unknown) => caught)
    expect(isFailure(given, 'COMPONENT_FAILED')).toBe(true)
    expect(given).toMatchObject({
      details: { component: 'federation', operation: 'getEvent', reason: 'no route to host' },
    })
  })

  it('keeps events that were fetched as they came', async () => {
    const body = '{"pdus":[{"depth":1.0,"n":9007199254740993}],"origin":"x"}'
    await using other = await peer(protocol, () => ({ status: 200, body }))
    await using client = createFederationClient(other.url, options)
    const transaction = await client.backfill({ S: 'x', RoomID: '!r', Limit: 1, EventIDs: ['$e'] })
    expect(transaction.pdus).toEqual(['{"depth":1.0,"n":9007199254740993}'])
  })

  it('asks again when it is told to come again later', async () => {
    await using other = await peer(protocol, (count) =>
      count < 3 ? { status: 503, body: '{}' } : { status: 200, body: '{"exists":true}' },
    )
    await using client = createAppserviceClient(other.url, options)
    expect(await client.roomAliasExists({ alias: '#a:x' })).toEqual({ exists: true })
    expect(other.count()).toBe(3)
  })

  it('pauses before each further attempt, longer each time', async () => {
    const pauses: number[] = []
    const pause = async (ms: number) => void pauses.push(ms)
    await using other = await peer(protocol, () => ({ status: 503, body: '{}' }))
    await using client = createAppserviceClient(other.url, { ...options, retries: 3, pause })
    await client.roomAliasExists({ alias: '#a:x' }).catch(() => undefined)
    expect(other.count()).toBe(4)
    const [first = 0, second = 0, third = 0, ...more] = pauses
    expect(more).toEqual([])
    for (const [pauseMs, shortest] of [
      [first, 50],
      [second, 100],
      [third, 200],
    ] as const) {
      expect(pauseMs).toBeGreaterThanOrEqual(shortest)
      expect(pauseMs).toBeLessThan(3 * shortest)
    }
  })

  it.each([
    ['a question', 3, (client: Client<FederationApi>) => client.getEvent({ S: 'x', EventID: '$e' })],
    ['a join', 1, (client: Client<FederationApi>) => client.performJoinRequest(JOIN)],
  ])('sends %s %i times when the connection breaks after sending', async (_what, times, call) => {
    await using other = await breakingPeer(protocol)
    await using client = createFederationClient(other.url, { ...options, pause: async () => undefined })
    await expect(call(client)).rejects.toMatchObject({ code: 'COMPONENT_FAILED' })
    expect(other.count()).toBe(times)
  })

  it('does not take calls that were given up, or whose answers are too long, for failures of the peer', async () => {
    const breaker = { failures: 1, restMs: 3_600_000 }
    const body = `{"exists":true,"x":"${'x'.repeat(100_000)}"}`
    await using other = await peer(protocol, (count) => ({
      status: 200,
      body: count < 3 ? body : '{"exists":true}',
    }))
    await using client = createAppserviceClient(other.url, { ...options, breaker, maxAnswerBytes: 1_000 })
    const ask = (signal?: AbortSignal) =>
      client.roomAliasExists({ alias: '#a:x' }, signal === undefined ? {} : { signal })
    await expect(ask()).rejects.toThrow('the answer is too long')
    await expect(ask(AbortSignal.abort())).rejects.toThrow('cancelled by the caller')
    expect(other.count()).toBe(1)
    await expect(ask()).rejects.toThrow('the answer is too long')
    expect(await ask()).toEqual({ exists: true })
  })

  it('tells its observer how each call ended: answered, refused, without a valid answer, or not wanted any more', async () => {
    const results: string[] = []
    const observe = ({ component, operation, result }: ObservedCall) =>
      void results.push(`${component} ${operation} ${result}`)
    const answers = [
      { status: 200, body: '{"exists":true}' },
      { status: 500, body: '{"Err":"no route to host"}' },
      { status: 200, body: '<html>' },
    ]
    await using other = await peer(protocol, (count) => answers[count - 1] ?? { status: 500, body: '' })
    await using client = createAppserviceClient(other.url, { ...options, observe })
    const ask = (context: CallContext = {}) => client.roomAliasExists({ alias: '#a:x' }, context)
    await ask()
    await expect(ask()).rejects.toThrow('no route to host')
    await expect(ask()).rejects.toThrow('could not decode its answer')
    await expect(ask({ signal: AbortSignal.abort() })).rejects.toThrow('cancelled by the caller')
    const told = ['ok', 'refused', 'failed', 'cancelled']
    expect(results).toEqual(told.map((result) => `appservice roomAliasExists ${result}`))
  })

  it('says so when the answer is none', async () => {
    await using other = await peer(protocol, () => ({ status: 200, body: '<html>' }))
    await using client = createAppserviceClient(other.url, options)
    await expect(client.roomAliasExists({ alias: '#a:x' })).rejects.toMatchObject({
      code: 'COMPONENT_FAILED',
    })
  })

  it('takes no answer beyond its limit', async () => {
    await using other = await peer(protocol, () => ({ status: 200, body: `{"x":"${'x'.repeat(100_000)}"}` }))
    await using client = createAppserviceClient(other.url, { ...options, maxAnswerBytes: 1_000 })
    await expect(client.roomAliasExists({ alias: '#a:x' })).rejects.toThrow('the answer is too long')
  })

  it('leaves a peer alone that is not there, and tries again after a rest', async () => {
    let now = 1_000
    const breaker = { failures: 2, restMs: 5_000 }
    const url = `http://127.0.0.1:${await freePort()}`
    await using client = createAppserviceClient(url, {
      ...options,
      retries: 0,
      breaker,
      clock: { now: () => now },
    })
    const reason = async () => {
      const given: unknown = await client.roomAliasExists({ alias: '#a:x' }).catch((error: unknown) => error)
      return isFailure(given, 'COMPONENT_FAILED') ? given.details.reason : ''
    }
    expect(await reason()).toContain('ECONNREFUSED')
    expect(await reason()).toContain('ECONNREFUSED')
    expect(await reason()).toContain('requests are paused')
    now += 5_000
    expect(await reason()).toContain('ECONNREFUSED')
    expect(await reason()).toContain('requests are paused')
  })

  it('waits no longer than it was told, and stops when the caller does', async () => {
    const silent = createTcpServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()))
    const { port } = silent.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    await using hasty = createAppserviceClient(url, { ...options, timeoutMs: 100 })
    await expect(hasty.roomAliasExists({ alias: '#a:x' })).rejects.toThrow('no answer in 100 ms')
    await using patient = createAppserviceClient(url, { ...options, timeoutMs: 60_000 })
    const signal = AbortSignal.timeout(20)
    await expect(patient.roomAliasExists({ alias: '#a:x' }, { signal })).rejects.toThrow(
      'cancelled by the caller',
    )
    silent.close()
  })

  it('goes on over a new connection when the peer was started anew', async () => {
    const { api } = fakeRoomserver()
    let server = await serveRoomserver(api, { listen: { port: 0 } })
    const port = Number(new URL(server.address).port)
    await using client = createRoomserverClient(server.address, options)
    expect(await client.queryPublishedRooms({ RoomID: '' })).toEqual({ RoomIDs: [] })
    await server.close()
    server = await serveRoomserver(api, { listen: { port } })
    expect(await client.queryPublishedRooms({ RoomID: '' })).toEqual({ RoomIDs: [] })
    await server.close()
  })

  it('posts JSON below the path of the peer, with the token, over one connection for calls one after another', async () => {
    const asked: unknown[] = []
    let connections = 0
    const handler = (
      request: IncomingMessage | Http2ServerRequest,
      response: { end(body: string): void },
    ) => {
      const { method, url, headers } = request
      const { authorization, traceparent, 'content-type': type, 'content-length': length } = headers
      asked.push([method, url, authorization, traceparent, type, length])
      request.resume()
      response.end('{"exists":true}')
    }
    const server = protocol === 'h2c' ? createHttp2Server(handler as never) : createServer(handler as never)
    server.on('connection', () => connections++)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const { port } = server.address() as AddressInfo
    {
      await using client = createAppserviceClient(`http://127.0.0.1:${port}/below/`, {
        ...options,
        token: 't',
      })
      for (let call = 0; call < 2; call++) await client.roomAliasExists({ alias: '#a:x' })
    }
    const path = '/below/api/appservice/RoomAliasExists'
    const said = ['POST', path, 'Bearer t', undefined, 'application/json', expect.stringMatching(/^\d+$/)]
    expect(asked).toEqual([said, said])
    expect(connections).toBe(1)
    await new Promise((resolve) => server.close(resolve))
  })

  it('takes a connection on which no answer came in time for dead, and makes another', async () => {
    let connections = 0
    const silent = createTcpServer((socket) => {
      connections++
      socket.on('error', () => undefined)
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', () => resolve()))
    const { port } = silent.address() as AddressInfo
    await using client = createAppserviceClient(`http://127.0.0.1:${port}`, {
      ...options,
      retries: 0,
      timeoutMs: 20,
    })
    for (let call = 0; call < 2; call++)
      await expect(client.roomAliasExists({ alias: '#a:x' })).rejects.toThrow('no answer in 20 ms')
    expect(connections).toBe(2)
    silent.close()
  })

  it('tells a caller that was cut off', async () => {
    let aborted = false
    const { promise, resolve } = Promise.withResolvers<void>()
    const caller = new AbortController()
    const { api } = fakeRoomserver({
      queryPublishedRooms: (_request, context) =>
        new Promise((_resolve, reject) => {
          // What is cut off before it arrives is not asked at all.
          caller.abort()
          context?.signal?.addEventListener('abort', () => {
            aborted = true
            resolve()
            reject(new Error('gone'))
          })
        }),
    })
    await using server = await serveRoomserver(api, { listen: { port: 0 } })
    await using client = createRoomserverClient(server.address, options)
    const { signal } = caller
    await expect(client.queryPublishedRooms({ RoomID: '' }, { signal })).rejects.toThrow(
      'cancelled by the caller',
    )
    await promise
    expect(aborted).toBe(true)
  })

  it('speaks over a unix socket, with a token', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roomserver-'))
    const path = join(folder, 'socket')
    {
      await using server = await serveRoomserver(fakeRoomserver().api, { listen: { path }, token: 'secret' })
      await using stranger = createRoomserverClient(`unix:${server.address}`, { ...options, token: 'wrong' })
      await expect(stranger.queryPublishedRooms({ RoomID: '' })).rejects.toThrow('a bearer token is required')
      await using client = createRoomserverClient(`unix:${server.address}`, { ...options, token: 'secret' })
      expect(await client.queryPublishedRooms({ RoomID: '' })).toEqual({ RoomIDs: [] })
    }
    await rm(folder, { recursive: true })
  })
})

describe('a peer that closes streams over HTTP/2', () => {
  /** Closes the first streams with a code, and answers those that follow. */
  async function closingPeer(code: number, times: number) {
    let count = 0
    const server = createHttp2Server()
    server.on('stream', (stream) => {
      stream.on('error', () => undefined)
      if (++count <= times) return stream.close(code)
      stream.respond({ ':status': 500 })
      stream.end('{"message":"seen"}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
    const { port } = server.address() as AddressInfo
    const options = { retries: 2, pause: async () => undefined }
    const client = createFederationClient(`http://127.0.0.1:${port}`, options)
    const dispose = async () => {
      await client[Symbol.asyncDispose]()
      server.close()
    }
    return { client, count: () => count, [Symbol.asyncDispose]: dispose }
  }

  // Of a stream that is refused nothing came, so a join may be sent again as well.
  it('is asked again for whatever it refused', async () => {
    await using other = await closingPeer(constants.NGHTTP2_REFUSED_STREAM, 2)
    await expect(other.client.performJoinRequest(JOIN)).rejects.toThrow('seen')
    expect(other.count()).toBe(3)
  })

  it('is said to have refused all of them', async () => {
    await using other = await closingPeer(constants.NGHTTP2_REFUSED_STREAM, 9)
    await expect(other.client.performJoinRequest(JOIN)).rejects.toThrow('the peer refused the stream')
    expect(other.count()).toBe(3)
  })

  it.each([
    ['without an error', constants.NGHTTP2_NO_ERROR, 'the peer closed the stream with code 0'],
    ['with an error', constants.NGHTTP2_INTERNAL_ERROR, 'NGHTTP2_INTERNAL_ERROR'],
  ])('is asked again %s only for what may be asked twice', async (_how, code, reason) => {
    await using other = await closingPeer(code, 9)
    await expect(other.client.performJoinRequest(JOIN)).rejects.toThrow(reason)
    expect(other.count()).toBe(1)
    await expect(other.client.getEvent({ S: 'x', EventID: '$e' })).rejects.toThrow(reason)
    expect(other.count()).toBe(4)
  })
})

const JOIN = {
  room_id: '!r:x',
  user_id: '@u:x',
  server_names: ['x'],
  content: {},
}

/** A peer that takes requests and cuts the connection instead of answering. */
async function breakingPeer(protocol: 'h2c' | 'http/1.1') {
  let count = 0
  const server = protocol === 'h2c' ? createHttp2Server() : createServer()
  server.on('request', (request: IncomingMessage | Http2ServerRequest) => {
    request.resume()
    request.on('end', () => {
      count++
      // Over HTTP/2 the whole session goes, as when the process of the peer dies.
      if ('stream' in request) request.stream.session?.destroy()
      else request.socket.destroy()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    count: () => count,
    [Symbol.asyncDispose]: async () => {
      ;(server as Partial<Server>).closeAllConnections?.()
      server.close()
    },
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
