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
