import { ed25519, encodeBase64, type Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger, systemClock } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { expect, it } from 'vitest'
import { verifiedEvents } from './verify-events.ts'

// Versions 1 to 5 let an author write any integer. Other components read times into 64 bits: one event with a greater one made
// them refuse the question for the keys of all events that came with it.
// An event has room for thousands of signatures, and a request for keys is one for all events that came.
it('asks for ten keys of a server at most, whatever an event carries', async () => {
  const rules = roomVersion('10')
  if (rules === undefined) throw new Error('no room version 10')
  const asked: string[] = []
  const federation = {
    queryPublicKey: ({ requests }: { readonly requests: ReadonlyMap<string, number> }) => {
      asked.push(...requests.keys())
      return Promise.resolve({ results: new Map() })
    },
  }
  const signatures = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`ed25519:${i}`, '']))
  const event =
    `{"auth_events":[],"content":{},"depth":1,"hashes":{"sha256":""},"origin_server_ts":1,"prev_events":[],` +
    `"room_id":"!r:a","sender":"@x:a","signatures":{"a":${JSON.stringify(signatures)}},"type":"x"}`
  await verifiedEvents(
    { federation, log: silentLogger, clock: systemClock },
    { roomId: '!r:a', rules },
    [event, event],
    10,
  )
  expect(asked).toHaveLength(10)
})

it('asks for keys of a time that others can read, whatever an event says', async () => {
  const rules = roomVersion('4')
  if (rules === undefined) throw new Error('no room version 4')
  const asked: (readonly [string, number])[] = []
  const federation = {
    queryPublicKey: ({ requests }: { readonly requests: ReadonlyMap<string, number> }) => {
      asked.push(...requests)
      return Promise.resolve({ results: new Map() })
    },
  }
  const event = (sender: string, ts: string) =>
    `{"auth_events":[],"content":{},"depth":1,"hashes":{"sha256":""},"origin_server_ts":${ts},"prev_events":[],` +
    `"room_id":"!r:a","sender":"@x:${sender}","signatures":{"${sender}":{"ed25519:1":"A"}},"type":"x"}`
  const texts = [
    event('a', '5'),
    event('b', `1${'0'.repeat(25)}`),
    event('c', `1${'0'.repeat(400)}`),
    event('d', '-5'),
  ]
  await verifiedEvents(
    { federation, log: silentLogger, clock: systemClock },
    { roomId: '!r:a', rules },
    texts,
    10,
  )
  expect(asked).toEqual([
    ['a/ed25519:1', 5],
    ['b/ed25519:1', 9_007_199_254_740_991],
    ['c/ed25519:1', 9_007_199_254_740_991],
    ['d/ed25519:1', 0],
  ])
})

/** A server whose keys are known, and what it was asked for. */
async function verifying(change: { readonly expired_ts?: number; readonly valid_until_ts?: number } = {}) {
  const asked: ReadonlyMap<string, number>[] = []
  const warned: unknown[] = []
  const key = encodeBase64(await ed25519.publicKey(new Uint8Array(32)))
  const known = { key, expired_ts: 0, valid_until_ts: 4e12, ...change }
  const parts = {
    federation: {
      queryPublicKey: async ({ requests }: { readonly requests: ReadonlyMap<string, number> }) => {
        asked.push(requests)
        return { results: new Map([...requests.keys()].map((name) => [name, known])) }
      },
    },
    clock: { now: () => 1_800_000_000_000 },
    log: { ...silentLogger, warn: (fields: object, message: string) => warned.push([message, fields]) },
  }
  return { parts, asked, warned }
}

it.each([127, 128, 129, 257])('gives %i events in their order, with one question for keys', async (count) => {
  const room = await RoomBuilder.create()
  // The latest comes first: a key has to be good for it, whatever comes after it.
  while (room.events.length < count) {
    const originServerTs = 1_800_000_000_000 - room.events.length
    await room.message(`${room.events.length}`, { originServerTs })
  }
  const { parts, asked, warned } = await verifying()
  const texts = room.events.map(({ json }) => json)
  const events = await verifiedEvents(parts, room, texts, 1_000)
  expect(events.map(({ json }) => json)).toEqual(texts)
  expect(asked).toEqual([new Map([['a/ed25519:test', 1_800_000_000_000 - 4]])])
  expect(warned).toEqual([])
})

it('leaves out what is malformed, of another room, not signed as it must be, or too much', async () => {
  const [room, other] = [await RoomBuilder.create(), await RoomBuilder.create({ roomId: '!other:a' })]
  const [first, second, third, fourth] = room.events as [Pdu, Pdu, Pdu, Pdu]
  const unsigned = second.json.replace(/"signatures":\{[^}]*\}\}/, '"signatures":{}')
  const texts = [first.json, '{}', other.events[0]?.json ?? '', unsigned, third.json, fourth.json]
  const { parts, warned } = await verifying()
  const given = async (most: number) =>
    (await verifiedEvents(parts, room, texts, most)).map(({ eventId }) => eventId)
  expect(await given(6)).toEqual([first.eventId, third.eventId, fourth.eventId])
  expect(await given(5)).toEqual([first.eventId, third.eventId])
  expect(warned[0]).toEqual([
    'ignored an event with a bad signature',
    {
      room_id: room.roomId,
      event_id: second.eventId,
      server: 'a',
      reason: expect.stringContaining('signature') as string,
    },
  ])
})

it('asks for no keys where nothing came that anybody has signed', async () => {
  const room = await RoomBuilder.create()
  const unsigned = room.events[0]?.json.replace(/"signatures":\{[^}]*\}\}/, '"signatures":{}') ?? ''
  const { parts, asked, warned } = await verifying()
  expect(await verifiedEvents(parts, room, [], 10)).toEqual([])
  expect(warned).toEqual([])
  expect(await verifiedEvents(parts, room, ['{}', unsigned], 10)).toEqual([])
  expect(warned).toHaveLength(1)
  expect(asked).toEqual([])
})

it('believes a key that has expired about events up to then, and about no later ones', async () => {
  const room = await RoomBuilder.create()
  const times = [5, 6, 7]
  for (const originServerTs of times) await room.message(`${originServerTs}`, { originServerTs })
  const texts = room.events.slice(-3).map(({ json }) => json)
  const { parts } = await verifying({ expired_ts: 6, valid_until_ts: 0 })
  const events = await verifiedEvents(parts, room, texts, 10)
  expect(events.map(({ originServerTs }) => originServerTs)).toEqual([5, 6])
})
