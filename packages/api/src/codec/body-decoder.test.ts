import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { expect, it } from 'vitest'
import type { z } from 'zod'
import { roomserverEndpoints } from '../index.ts'
import { InputRoomEventsRequest } from '../input.ts'
import { PerformBackfillRequest } from '../roomserver/administration.ts'
import { BodyDecoder } from './body-decoder.ts'
import { type Decoded, decode } from './decode.ts'

/** Bodies that Go's decoder refuses, and in which words; see `test/go-decoder.test.ts`. */
const refused = readFileSync(new URL('../../test/fixtures/go-decoder.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { readonly path: string; readonly body: string })
const schemas = new Map<string, z.ZodType>(
  Object.values(roomserverEndpoints).map(({ path, request }) => [path, request]),
)

const event = String.raw`{"type":"m.é\ud83d\ude00😀","depth":1.0,"x":[{"y":-1e5},null,"\\\""],"_room_version":"10","_event_id":"$e"}`
const input = `{"Kind" : 1, "event":${event},"origin":"é","state_event_ids":["$a","$b",null],"transaction_id":{"id":"t"}}`
const seeds: readonly (readonly [z.ZodType, string])[] = [
  [
    InputRoomEventsRequest,
    `{"input_room_events":[${input}, ${input} ,null],"async":true,"x":[[1,2],{"y\\"":"\\u00e9\\\\"}," ,",[],[{}],{"z":-1.5e3},true]} `,
  ],
  [InputRoomEventsRequest, ` \n{"input_room_events":null,"input_room_events":[${input}]}{`],
  [PerformBackfillRequest, '{"room_id":"!é","limit":12,"backwards_extremities":{"__proto__":["$a"]}}'],
]

const random = randomNumbers(7)

/** A body cut at random places, the same as it comes from a socket. */
function inPieces(schema: z.ZodType, body: Uint8Array): Decoded<unknown> {
  const decoder = new BodyDecoder<unknown>(schema, undefined, 1 + random(24))
  const longest = 1 + random(40)
  for (let at = 0; at < body.length; ) {
    const chunk = Uint8Array.from(body.subarray(at, at + 1 + random(longest)))
    decoder.add(chunk)
    at += chunk.length
    // What it was given is not its own.
    chunk.fill(0)
  }
  return decoder.end()
}

function expectSame(schema: z.ZodType, body: Uint8Array): void {
  const whole = decode<unknown>(schema, body)
  const text = Buffer.from(body).toString('latin1')
  for (let cut = 0; cut < 4; cut++) {
    const pieces = inPieces(schema, body)
    // `expect` takes longer than reading the body.
    if (!isDeepStrictEqual(pieces, whole)) expect(pieces, text).toEqual(whole)
  }
  if (whole.ok && !schema.safeParse(whole.value).success)
    expect(whole.value, text).toBe('a value of the schema')
}

it('says of every cut body what is said of the whole', () => {
  for (const [schema, text] of seeds) expectSame(schema, Buffer.from(text))
  for (const { path, body } of refused) {
    const schema = schemas.get(path)
    if (schema !== undefined) expectSame(schema, Buffer.from(body))
  }
})

it('says of spoiled and truncated bodies what is said of the whole', () => {
  const odd = Buffer.from('{}[]",:0123-+.eEtrufalsn\\ \n\u0001x\u0080\u00ff', 'latin1')
  for (let round = 0; round < 6_000; round++) {
    const [schema, text] = seeds[round % seeds.length] ?? [InputRoomEventsRequest, '']
    const body = Buffer.from(text)
    for (let spoiled = random(3); spoiled >= 0; spoiled--) {
      body[random(body.length)] = odd[random(odd.length)] ?? 0
    }
    expectSame(schema, random(4) === 0 ? body.subarray(0, random(body.length)) : body)
  }
})

it('holds what of an element has come, and no more', () => {
  const decoder = new BodyDecoder(InputRoomEventsRequest)
  decoder.add(Buffer.from('{"input_room_events":['))
  for (let i = 0; i < 2_000; i++) decoder.add(Buffer.from(`{"event":{"x":"${'y'.repeat(4_000)}"}},`))
  expect(decoder.heldBytes).toBeGreaterThan(8_000_000)
  expect(decoder.heldBytes).toBeLessThan(12_000_000)
  decoder.add(Buffer.from('null]}'))
  const decoded = decoder.end()
  expect(decoded.ok && decoded.value.input_room_events.length).toBe(2_001)
})

it('needs few buffers for a long body', () => {
  const decoder = new BodyDecoder(InputRoomEventsRequest)
  decoder.add(Buffer.from('{"input_room_events":['))
  const piece = Buffer.from(`{"event":{"x":"${'y'.repeat(50_000)}"}},`)
  const before = process.memoryUsage().arrayBuffers
  let most = 0
  for (let i = 0; i < 600; i++) {
    decoder.add(piece)
    if (i % 40 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before)
  }
  expect(most).toBeLessThan(4_000_000)
})

it('passes over what nobody asked for without holding any of it', () => {
  for (const [open, chunk, close] of [
    ['"', 'y'.repeat(4_096), '"'],
    ['[', '[{"a":""},1.5],'.repeat(300), '0]'],
    ['"', String.raw`\\u00e9\n`.repeat(512), '"'],
  ] as const) {
    const decoder = new BodyDecoder(InputRoomEventsRequest)
    decoder.add(Buffer.from(`{"x":${open}`))
    const piece = Buffer.from(chunk)
    let most = 0
    for (let i = 0; i < 2_000; i++) {
      decoder.add(piece)
      most = Math.max(most, decoder.heldBytes)
    }
    expect(most).toBeLessThan(300_000)
    decoder.add(Buffer.from(`${close},"async":true}`))
    const decoded = decoder.end()
    expect(decoded.ok && decoded.value.async).toBe(true)
  }
})

it('waits for no more of a value than the longest event has, and says so before the rest comes', () => {
  for (const start of [
    '{"input_room_events":[{"event":{"x":"',
    '{"input_room_events":[{"kind":',
    '{"input_room_events":',
  ]) {
    const decoder = new BodyDecoder(InputRoomEventsRequest)
    const filler = start.endsWith('"') ? 'y' : start.includes('kind') ? '1' : ' '
    decoder.add(Buffer.from(start))
    let sent = 0
    for (; decoder.refusal === undefined && sent < 4_000_000; sent += 50_000)
      decoder.add(Buffer.from(filler.repeat(50_000)))
    expect(sent).toBeGreaterThan(1_048_576)
    expect(sent).toBeLessThan(3_000_000)
    expect(decoder.refusal).toMatchObject({
      isTooLarge: true,
      message: expect.stringContaining('bytes') as string,
    })
  }
})

it('reads an element of any length, such as one with the IDs of a large state', () => {
  const ids = Array.from({ length: 60_000 }, (_, index) => `$${index}${'i'.repeat(40)}`)
  const body = Buffer.from(JSON.stringify({ input_room_events: [{ kind: 2, state_event_ids: ids }, {}] }))
  const decoder = new BodyDecoder(InputRoomEventsRequest)
  for (let at = 0; at < body.length; at += 16_384) decoder.add(body.subarray(at, at + 16_384))
  const decoded = decoder.end()
  expect(decoded.ok && decoded.value.input_room_events[0]?.state_event_ids).toEqual(ids)
  expect(decoded.ok && decoded.value.input_room_events.length).toBe(2)
})

it('counts what a body becomes in memory, and stops at its bound', () => {
  const entries = { maxListEntries: 1_000, maxHeldBytes: 1_000_000 }
  const memory = { maxListEntries: 2_000, maxHeldBytes: 80_000 }
  for (const [bounds, body, message] of [
    [entries, `{"input_room_events":[${'{},'.repeat(1_001)}{}]}`, 'a list has more than 1000 entries'],
    [entries, `{"x":[${'[],'.repeat(1_001)}{}]}`, 'a member that is not known has more than 1000 values'],
    [memory, `{"input_room_events":[${'{},'.repeat(999)}{}]}`, /more than 80000 bytes in memory/],
    [
      entries,
      `{"input_room_events":[{"state_event_ids":[${'"",'.repeat(1_001)}""]}]}`,
      'a list has more than 1000 entries',
    ],
  ] as const) {
    const decoder = new BodyDecoder(InputRoomEventsRequest, bounds)
    decoder.add(Buffer.from(body))
    const said = expect.stringMatching(message) as string
    expect(decoder.end()).toEqual({ ok: false, isTooLarge: true, message: said })
    expect(decode(InputRoomEventsRequest, Buffer.from(body), bounds)).toEqual(decoder.end())
  }
  const held = new BodyDecoder(InputRoomEventsRequest)
  held.add(Buffer.from(`{"input_room_events":[${'{},'.repeat(100_000)}`))
  expect(held.heldBytes).toBeGreaterThan(20 * 300_000)
})

it('looks at a long text once, however small the pieces in which it comes', () => {
  const chunk = new Uint8Array(64).fill('y'.charCodeAt(0))
  const decoder = new BodyDecoder(InputRoomEventsRequest)
  decoder.add(Buffer.from('{"async":true,"x":{"x":"'))
  let most = 0
  for (let i = 0; i < 50_000; i++) {
    decoder.add(chunk)
    most = Math.max(most, decoder.heldBytes)
  }
  // What is read is let go of: nothing of it is there to be looked at again.
  expect(most).toBeLessThan(300_000)
  decoder.add(Buffer.from('"}}'))
  expect(decoder.end().ok).toBe(true)
})

it('looks at nothing behind a fault, nor behind the value', () => {
  const faulty = new BodyDecoder(InputRoomEventsRequest, undefined, 1)
  faulty.add(Buffer.from('{"input_room_events":[}'))
  faulty.add(Buffer.from('"'))
  expect(faulty.end()).toEqual({
    ok: false,
    message: "invalid character '}' looking for beginning of value",
  })
  const over = new BodyDecoder(InputRoomEventsRequest, undefined, 1)
  over.add(Buffer.from('{} '))
  over.add(Buffer.from('\u0001'))
  expect(over.end().ok).toBe(true)
})

/** A repeatable sequence of numbers below a limit. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * limit)
  }
}
