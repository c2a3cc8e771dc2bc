import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import {
  decode,
  type Endpoint,
  encode,
  encodeInChunks,
  federationEndpoints,
  InputRoomEvent,
  OutputEvent,
  roomserverEndpoints,
} from '../src/index.ts'

interface Line {
  readonly step: number
  readonly kind: 'input' | 'output' | 'operation' | 'query' | 'federation'
  readonly path?: string
  readonly status?: number
  readonly request?: unknown
  readonly response?: unknown
  readonly input?: unknown
  readonly payload?: unknown
}

const folder = new URL('../../../../shared/traffic/', import.meta.url)
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl.gz')) : []

const endpoints: ReadonlyMap<string, Endpoint> = new Map(
  Object.values<unknown>({ ...roomserverEndpoints, ...federationEndpoints }).map((endpoint) => [
    `/api${(endpoint as Endpoint).path}`,
    endpoint as Endpoint,
  ]),
)

function linesOf(name: string): readonly Line[] {
  const text = gunzipSync(readFileSync(new URL(name, folder))).toString('utf8')
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

/** Body of a recorded request: a string stands for a body that is no JSON. */
function bodyOf(request: unknown): Uint8Array {
  return new TextEncoder().encode(typeof request === 'string' ? request : JSON.stringify(request))
}

function again(schema: Endpoint['response'], value: unknown): unknown {
  const decoded = decode(schema, bodyOf(value))
  if (!decoded.ok) return decoded.message
  const written = encode(schema, decoded.value)
  expect([...encodeInChunks(schema, decoded.value)].join('')).toBe(written)
  expect(schema.safeParse(decoded.value).success).toBe(true)
  return JSON.parse(written)
}

for (const name of files) {
  it(`writes every recorded answer, input and output of ${name} as it was`, () => {
    for (const line of linesOf(name)) {
      const at = `step ${line.step}`
      if (line.kind === 'input') expect(again(InputRoomEvent, line.input), at).toEqual(line.input)
      if (line.kind === 'output') expect(again(OutputEvent, line.payload), at).toEqual(line.payload)
      const endpoint = endpoints.get(line.path ?? '')
      if (endpoint !== undefined && line.status === 200) {
        expect(again(endpoint.response, line.response), at).toEqual(line.response)
      }
    }
  })

  it(`takes every recorded request of ${name}, or refuses it in the recorded words`, () => {
    for (const line of linesOf(name)) {
      const endpoint = endpoints.get(line.path ?? '')
      if (endpoint === undefined) continue
      const decoded = decode(endpoint.request, bodyOf(line.request))
      const message = decoded.ok ? undefined : { message: decoded.message }
      expect(message, `step ${line.step}`).toEqual(line.status === 400 ? line.response : undefined)
      if (decoded.ok) expect(endpoint.request.safeParse(decoded.value).success).toBe(true)
    }
  })
}

it('knows every path that was answered', () => {
  for (const line of files.flatMap(linesOf)) {
    if (line.path !== undefined && line.status !== 404) expect(endpoints.has(line.path), line.path).toBe(true)
  }
})
