import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { decode, roomserverEndpoints } from '../src/index.ts'

/**
 * What Go's own decoder (go1.26) says about bodies for the request types of Dendrite c45d0936b5. Each line tells a
 * path, a body and the message. Callers and their tests see these words, so they are part of the wire format.
 */
const cases = readFileSync(new URL('fixtures/go-decoder.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { path: string; body: string; message: string })

const byPath = new Map(Object.values(roomserverEndpoints).map((endpoint) => [endpoint.path, endpoint]))

it(`refuses ${cases.length} bodies in Go's words`, () => {
  for (const { path, body, message } of cases) {
    const endpoint = byPath.get(path)
    const decoded = endpoint && decode<unknown>(endpoint.request, new TextEncoder().encode(body))
    expect(decoded, `${path} ${body}`).toEqual({ ok: false, message })
  }
})

it('has cases for every operation', () => {
  expect(new Set(cases.map(({ path }) => path)).size).toBe(byPath.size)
})
