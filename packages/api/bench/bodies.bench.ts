import { expect, test } from 'vitest'
import { decode, encode, encodeInChunks, filled, InputRoomEvent, roomserverEndpoints } from '../src/index.ts'

// How many events a second of CPU time gets through the codec, on events of about 900 characters.
const { request } = roomserverEndpoints.inputRoomEvents
const { response } = roomserverEndpoints.queryLatestEventsAndState

const json = JSON.stringify({
  auth_events: ['a', 'b', 'c'].map((letter) => `$${letter.repeat(43)}`),
  content: { body: 'a "message" of a usual length, '.repeat(10), msgtype: 'm.text' },
  depth: 1_000,
  hashes: { sha256: 'h'.repeat(43) },
  origin_server_ts: 1_795_426_222_341,
  prev_events: [`$${'p'.repeat(43)}`],
  room_id: '!room:example.org',
  sender: '@anne:example.org',
  signatures: { 'example.org': { 'ed25519:1': 's'.repeat(86) } },
  type: 'm.room.message',
})
const event = { roomVersion: '10', eventId: `$${'e'.repeat(43)}`, json }
const input = filled(InputRoomEvent, { kind: 2, event })
const body = new TextEncoder().encode(
  encode(request, { input_room_events: Array.from({ length: 100 }, () => input), async: false }),
)
const members = filled(response, { state_events: Array.from({ length: 50_000 }, () => event) })

test.each<[string, number, () => void]>([
  ['a body of 100 events, decoded', 100, () => decode(request, body)],
  [
    'the same with JSON.parse, which loses what it loses',
    100,
    () => JSON.parse(new TextDecoder().decode(body)),
  ],
  ['an answer of 50,000 events, written in pieces', 50_000, () => countChunks()],
])('%s', (name, events, work) => {
  const perSecond = events / secondsOfCpu(work)
  console.log(`${name}: ${Math.round(perSecond).toLocaleString('en')} events per second of CPU time`)
  expect(perSecond).toBeGreaterThan(0)
})

function countChunks(): number {
  let length = 0
  for (const chunk of encodeInChunks(response, members)) length += chunk.length
  return length
}

/** CPU time that the work takes, the best of many rounds. */
function secondsOfCpu(work: () => void): number {
  let best = Number.POSITIVE_INFINITY
  const end = performance.now() + 2_000
  while (performance.now() < end) {
    const before = process.cpuUsage()
    for (let round = 0; round < 5; round++) work()
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / 1e6 / 5)
  }
  return best
}
