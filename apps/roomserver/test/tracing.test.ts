import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { RoomBuilder } from '@roomserver/testing'
import { configFile, folder, Program } from './program.ts'

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code: number; readonly message: string }
  readonly attributes: readonly OtlpAttribute[]
}

interface OtlpAttribute {
  readonly key: string
  readonly value: { readonly stringValue?: string; readonly intValue?: string }
}

interface OtlpResource {
  readonly resource: { readonly attributes: readonly OtlpAttribute[] }
  readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[]
}

/** Attributes by name. */
function attributesOf(
  { attributes }: { readonly attributes: readonly OtlpAttribute[] } = { attributes: [] },
) {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue)]),
  )
}

/** A collector that keeps what it is sent. */
async function collector() {
  const spans: OtlpSpan[] = []
  const resources: unknown[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
        readonly resourceSpans: readonly OtlpResource[]
      }
      resources.push(...body.resourceSpans.map(({ resource }) => attributesOf(resource)))
      spans.push(
        ...body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
      )
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return { url, spans, resources, [Symbol.dispose]: () => void server.close() }
}

/** A request that brings the create event of a room. */
async function createRequest(roomId: string) {
  const { events } = await RoomBuilder.create({ creator: '@alice:localhost', roomId })
  const [create] = events
  const event = {
    ...(JSON.parse(create?.json ?? '') as object),
    _event_id: create?.eventId,
    _room_version: '10',
  }
  return { kind: 2, event }
}

it('traces operations to where OpenTelemetry’s variables say, as part of the caller’s trace', async () => {
  using traces = await collector()
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: traces.url }
  await using program = await Program.serving(['--listen', '127.0.0.1:0', '--data', folder()], environment)
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
  const url = `${program.url}/api/roomserver`
  await fetch(`${url}/queryPublishedRooms`, { method: 'POST', body: '{}', headers })
  await fetch(`${url}/queryRoomVersionForRoom`, { method: 'POST', body: '{"room_id":"!no:x"}' })
  expect(await program.stop()).toBe(0)
  await expect.poll(() => traces.spans).toHaveLength(2)
  expect(traces.spans).toMatchObject([
    { name: 'queryPublishedRooms', kind: 2, traceId, parentSpanId: 'b7ad6b7169203331' },
    { name: 'queryRoomVersionForRoom', kind: 2, status: { code: 2, message: 'ROOM_NOT_FOUND' } },
  ])
  expect(traces.spans.map(attributesOf)).toMatchObject([
    { 'rpc.method': 'queryPublishedRooms', 'http.response.status_code': 200 },
    { 'http.response.status_code': 500, 'matrix.room_id': '!no:x' },
  ])
  expect(traces.resources[0]).toMatchObject({
    'service.name': 'roomserver',
    'service.version': expect.stringMatching(/^\d/) as string,
    'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
  })
  for (const { startTimeUnixNano, endTimeUnixNano } of traces.spans) {
    expect(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano)).toBe(true)
    // Nanoseconds since 1970, which have 19 digits from 2001 to 2286.
    expect(startTimeUnixNano).toMatch(/^\d{19}$/)
  }
})

it('tells the steps of an event apart: in traces as children of the operation, and in metrics', async () => {
  using traces = await collector()
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: traces.url }
  await using program = await Program.serving(['--listen', '127.0.0.1:0', '--data', folder()], environment)
  await program.post('inputRoomEvents', { input_room_events: [await createRequest('!r:localhost')] })
  const metrics = await (await fetch(`${program.url}/metrics`)).text()
  for (const step of ['queue', 'decide', 'commit'])
    expect(metrics).toContain(`roomserver_step_seconds_count{step="${step}"} 1`)
  expect(metrics).toMatch(/^roomserver_build_info\{version="[^"]+",commit="[0-9a-f]+",schema="\d+"/m)
  expect(await program.stop()).toBe(0)
  await expect.poll(() => traces.spans).toHaveLength(4)
  const operation = traces.spans.find(({ name }) => name === 'inputRoomEvents')
  const steps = traces.spans.filter(({ parentSpanId }) => parentSpanId === operation?.spanId)
  expect(steps.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['queue 1', 'decide 1', 'commit 1'])
  for (const span of [operation, ...steps])
    expect(attributesOf(span)).toMatchObject({ 'matrix.room_id': '!r:localhost' })
  expect(attributesOf(operation)).toMatchObject({ 'http.response.status_code': 200 })
})

it('counts the rooms of an operation on several, and names each with its steps', async () => {
  using traces = await collector()
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: traces.url }
  await using program = await Program.serving(['--listen', '127.0.0.1:0', '--data', folder()], environment)
  const input_room_events = [await createRequest('!a:localhost'), await createRequest('!b:localhost')]
  await program.post('inputRoomEvents', { input_room_events })
  expect(await program.stop()).toBe(0)
  await expect.poll(() => traces.spans.length, { timeout: 20_000 }).toBe(7)
  const operation = traces.spans.find(({ name }) => name === 'inputRoomEvents')
  expect(attributesOf(operation)).toMatchObject({ 'matrix.room_count': 2 })
  const decided = traces.spans.filter(({ name }) => name === 'decide').map(attributesOf)
  const rooms = new Set(decided.map((attributes) => attributes['matrix.room_id']))
  expect(rooms).toEqual(new Set(['!a:localhost', '!b:localhost']))
})

it('logs what takes longer than it should, with the trace in which more is found', async () => {
  using traces = await collector()
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: traces.url }
  const files = folder()
  const database = { connection_string: `file:${join(files, 'rooms.db')}` }
  const config = configFile(files, { room_server: { database }, roomserver: { slow_after: '1us' } })
  await using program = await Program.serving(['--config', config], environment)
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  await fetch(`${program.url}/api/roomserver/queryRoomVersionForRoom`, {
    method: 'POST',
    body: '{"room_id":"!no:x"}',
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  })
  await expect
    .poll(() => program.log.find(({ msg }) => msg === 'an operation took long'), { timeout: 20_000 })
    .toMatchObject({
      operation: 'queryRoomVersionForRoom',
      status: 500,
      room_id: '!no:x',
      trace_id: traceId,
    })
})

it('serves on when nobody takes its traces', async () => {
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }
  await using program = await Program.serving(['--listen', '127.0.0.1:0', '--data', folder()], environment)
  expect(await program.post('queryPublishedRooms', {})).toEqual({ RoomIDs: null })
  expect(await program.stop()).toBe(0)
  expect(
    program.log.some(({ msg }) => msg === 'could not send spans to the trace collector; dropped them'),
  ).toBe(true)
})
