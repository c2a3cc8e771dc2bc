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

/** Operations of our own, which Dendrite has no request types for. */
const OURS: readonly string[] = ['queryForwardExtremities', 'queryInviteRoomState']

it('has cases for every operation of the reference', () => {
  const reference = Object.entries(roomserverEndpoints).filter(([name]) => !OURS.includes(name))
  expect(new Set(cases.map(({ path }) => path))).toEqual(new Set(reference.map(([, { path }]) => path)))
})
