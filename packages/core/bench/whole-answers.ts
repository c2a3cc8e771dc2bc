import {
  QueryLatestEventsAndStateResponse,
  QueryMembershipsForRoomResponse,
  QueryStateAndAuthChainResponse,
  writeInChunks,
} from '@roomserver/api'
import { buildEvent, eventRef, type Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { parseServerName, silentLogger as log, systemClock as clock } from '@roomserver/types'
import { createInput, RecordCache } from '../src/index.ts'
import { createStreamedQueries } from '../src/query/streamed-answers/streamed-queries.ts'
import { watchedStore } from '../src/view/watched-store.ts'
import { inputOf } from '../test/homeserver.ts'

// What answers about whole rooms cost in writing, where the members joined in the order in which they became known, and
// where they were known before and join in another one; from the cache, and with nothing of it left:
//   node --conditions=@roomserver/source bench/whole-answers.ts [members]
const members = Number(process.argv[2] ?? 3000)
const key = { server: 'b', keyId: 'ed25519:test', seed: 'A'.repeat(43) }
const CACHE = 128 * 1024 * 1024

const store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
const cache = new RecordCache(store, CACHE)
const serverName = parseServerName('a')
const input = createInput({ store, cache, clock, log, serverName })

const inOrder = await fill('!order:a', (index) => index)
const shuffled = await fill('!shuffled:a', (index) => (index * step(members)) % members)
const questions = {
  'whole state': (room_id: string) => ask('queryLatestEventsAndState', { room_id, state_to_fetch: [] }),
  'joined members': (room_id: string) =>
    ask('queryMembershipsForRoom', { room_id, joined_only: true, local_only: false, sender: '' }),
  'state and auth chain': (room_id: string) => {
    const prev_event_ids = [(room_id === inOrder.roomId ? inOrder : shuffled).last]
    const chained = { auth_event_ids: [], only_fetch_auth_chain: false, resolve_state: false }
    return ask('queryStateAndAuthChain', { room_id, prev_event_ids, ...chained })
  },
}
const RESPONSES = {
  queryLatestEventsAndState: QueryLatestEventsAndStateResponse,
  queryMembershipsForRoom: QueryMembershipsForRoomResponse,
  queryStateAndAuthChain: QueryStateAndAuthChainResponse,
}
let asked = cache
for (const [name, question] of Object.entries(questions)) {
  const costs = { inOrder: [] as number[], shuffled: [] as number[], cold: [] as number[] }
  const coldInOrder: number[] = []
  for (let time = 0; time < 15; time++) {
    asked = new RecordCache(store, CACHE)
    coldInOrder.push(await cost(() => question(inOrder.roomId)))
    costs.inOrder.push(await cost(() => question(inOrder.roomId), 10))
    costs.cold.push(await cost(() => question(shuffled.roomId)))
    costs.shuffled.push(await cost(() => question(shuffled.roomId), 10))
  }
  const [warm, warmShuffled] = [median(costs.inOrder), median(costs.shuffled)]
  const [cold, coldShuffled] = [median(coldInOrder), median(costs.cold)]
  console.log(
    `${name}, ${members} members: in order ${warm} ms, shuffled ${warmShuffled} (${(warmShuffled / warm).toFixed(2)} times); ` +
      `cold ${cold} and ${coldShuffled} (${(coldShuffled / cold).toFixed(2)} times)`,
  )
}
await input.close()
await store[Symbol.asyncDispose]()

function ask(name: keyof typeof RESPONSES, request: object): Promise<number> {
  const streamed = createStreamedQueries({
    store: watchedStore(store, asked),
    cache: asked,
    serverName,
    compatibility: 'current',
    appservice: undefined,
  })
  const query = streamed[name] as (request: object) => Promise<never>
  return query(request).then((answer) => lengthOf(name, answer))
}

async function lengthOf(name: keyof typeof RESPONSES, answer: never): Promise<number> {
  let length = 0
  for (const chunk of writeInChunks<unknown>(RESPONSES[name], answer)) {
    if (chunk instanceof Promise) await chunk
    else length += chunk.length
  }
  return length
}

/** CPU time of a call, in milliseconds. */
async function cost(work: () => Promise<unknown>, times = 1): Promise<number> {
  const before = process.cpuUsage()
  for (let time = 0; time < times; time++) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / times
}

function median(values: readonly number[]): number {
  return Number((values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0).toFixed(2))
}

/** A step that goes through all numbers below `count`. */
function step(count: number): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))
  let found = Math.floor(count * 0.618) | 1
  while (gcd(found, count) !== 1) found += 2
  return found
}

/** A room that everybody joined, in that order. */
async function fill(
  roomId: string,
  order: (index: number) => number,
): Promise<{ readonly roomId: string; readonly last: string }> {
  const room = await RoomBuilder.create({ roomId })
  for (const event of room.events) await input.ingest(inputOf(event))
  const [create, , levels, joinRules] = room.events as [Pdu, Pdu, Pdu, Pdu]
  let last = joinRules
  for (let index = 0; index < members; index++) {
    const user = `@user${order(index)}:b`
    const draft = {
      roomId,
      type: 'm.room.member',
      sender: user,
      stateKey: user,
      content: { membership: 'join', displayname: user },
      prevEvents: [eventRef(last)],
      authEvents: [create, levels, joinRules].map(eventRef),
      depth: last.depth + 1,
      originServerTs: last.originServerTs + 1,
    }
    const built = await buildEvent(draft, room.rules, key)
    if (!built.ok) throw new TypeError(built.reason)
    last = built.pdu
    await input.ingest(inputOf(last))
  }
  return { roomId, last: last.eventId }
}
