import {
  encode,
  writeInChunks,
  QueryAuthChainResponse,
  QueryBulkStateContentResponse,
  QueryCurrentStateResponse,
  QueryEventsByIdResponse,
  QueryLatestEventsAndStateResponse,
  QueryMembershipsForRoomResponse,
  QueryStateAfterEventsResponse,
  QueryStateAndAuthChainResponse,
  type Streamed,
} from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import type { Storage } from '@roomserver/storage'
import { parseServerName } from '@roomserver/types'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { RecordCache } from '../src/index.ts'
import { createQueries } from '../src/query/create-queries.ts'
import { createStreamedQueries } from '../src/query/streamed-answers/streamed-queries.ts'
import { watchedStore } from '../src/view/watched-store.ts'
import { Homeserver } from './homeserver.ts'

/** A written answer as its callers read it. */
async function sent<Response>(
  schema: Parameters<typeof encode<Response>>[0],
  answer: Streamed<Response>,
): Promise<string> {
  const parts: (string | Uint8Array)[] = []
  for (const part of writeInChunks(schema, answer)) {
    if (part instanceof Promise) await part
    else parts.push(part)
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part as string))).toString()
}

/** What a process answers from. */
function contextOf(storage: Storage, cache: RecordCache) {
  return {
    store: watchedStore(storage, cache),
    cache,
    serverName: parseServerName('a'),
    compatibility: 'current',
    appservice: undefined,
  } as const
}

/** The questions of a process on the store: how each is answered in writing, and how it is read from elements. */
function answersOf(hs: Homeserver, cache: RecordCache) {
  const streamed = createStreamedQueries(contextOf(hs.storage, cache))
  const plain = createQueries(contextOf(hs.storage, new RecordCache(hs.storage, 16 * 1024 * 1024)))
  return async (room_id: string, ends: readonly string[]) => {
    const prev_event_ids = ends.slice(0, 1)
    const whole = { room_id, state_to_fetch: [] }
    const members = { room_id, joined_only: true, local_only: false, sender: '' }
    const after = { room_id, prev_event_ids, auth_event_ids: [] }
    const chained = { ...after, only_fetch_auth_chain: false, resolve_state: false }
    const merged = { ...chained, prev_event_ids: [...ends], auth_event_ids: [...ends], resolve_state: true }
    const StateTuples = [
      { EventType: 'm.room.member', StateKey: '*' },
      { EventType: 'm.room.create', StateKey: '' },
    ]
    const inBulk = { RoomIDs: ['!unknown:a', room_id], AllowWildcards: true, StateTuples }
    const both = async (name: keyof Asked, schema: Parameters<typeof encode>[0], request: object) => {
      const [ask, askPlain] = [streamed[name], plain[name]] as AskAnything[]
      const answer = await ask?.(request)
      const elements = await askPlain?.(request)
      return [answer && sorted(await sent(schema, answer)), sorted(encode(schema, elements))] as const
    }
    return [
      await both('queryLatestEventsAndState', QueryLatestEventsAndStateResponse, whole),
      await both('queryMembershipsForRoom', QueryMembershipsForRoomResponse, members),
      await both('queryMembershipsForRoom', QueryMembershipsForRoomResponse, {
        ...members,
        joined_only: false,
      }),
      await both('queryMembershipsForRoom', QueryMembershipsForRoomResponse, {
        ...members,
        sender: '@user3:b',
      }),
      await both('queryStateAndAuthChain', QueryStateAndAuthChainResponse, chained),
      await both('queryStateAndAuthChain', QueryStateAndAuthChainResponse, merged),
      await both('queryStateAfterEvents', QueryStateAfterEventsResponse, {
        ...whole,
        prev_event_ids: [...ends],
      }),
      await both('queryAuthChain', QueryAuthChainResponse, { EventIDs: [...ends, '$unknown'] }),
      await both('queryEventsById', QueryEventsByIdResponse, { event_ids: [...ends, '$unknown', ...ends] }),
      await both('queryCurrentState', QueryCurrentStateResponse, { ...inBulk, RoomID: room_id }),
      await both('queryBulkStateContent', QueryBulkStateContentResponse, inBulk),
    ] as const
  }
}

type Asked = Pick<
  ReturnType<typeof createQueries>,
  | 'queryAuthChain'
  | 'queryBulkStateContent'
  | 'queryCurrentState'
  | 'queryEventsById'
  | 'queryLatestEventsAndState'
  | 'queryMembershipsForRoom'
  | 'queryStateAfterEvents'
  | 'queryStateAndAuthChain'
>
type AskAnything = (request: object) => Promise<object>

/** States, members and auth chains have no order of their own. */
function sorted(answer: string): unknown {
  const members = Object.entries(JSON.parse(answer) as Record<string, unknown>)
  return members.map(([name, value]) =>
    Array.isArray(value) ? [name, value.map((event) => JSON.stringify(event)).toSorted()] : [name, value],
  )
}

const WHAT = ['join', 'invite', 'rename', 'leave', 'topic', 'levels', 'message', 'redact', 'fork'] as const
const step = fc.record({
  what: fc.constantFrom(...WHAT),
  who: fc.nat({ max: 9 }),
  value: fc.nat({ max: 99 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function play(room: RoomBuilder, { what, who, value }: Step): Promise<Pdu> {
  const user = `@${'ü'.repeat(value % 2)}user${who}:b`
  if (what === 'join') return room.join(user)
  if (what === 'invite') return room.member(room.creator, user, 'invite')
  if (what === 'leave') return room.member(user, user, 'leave')
  if (what === 'topic') return room.state('m.room.topic', `${who}`, { topic: `${value} ü` })
  if (what === 'levels')
    return room.state('m.room.power_levels', '', { users: { [room.creator]: 100 }, value })
  if (what === 'redact') return room.redact(room.events[value % room.events.length] as Pdu)
  if (what === 'fork') return room.message('fork', { prev: room.events.slice(-2, -1) })
  if (what === 'message') return room.message(`${value}`)
  const content = { membership: 'join', displayname: `ü ${value}` }
  return room.add({ type: 'm.room.member', sender: user, stateKey: user, content })
}

it('writes what it would read, whatever changed since it last wrote, here or elsewhere', async () => {
  const histories = fc.array(step, { minLength: 5, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      await using hs = await Homeserver.start()
      const room = await RoomBuilder.create()
      await hs.takeAll(room.events)
      const askers = [hs.cache, new RecordCache(hs.storage, 1024 * 1024), new RecordCache(hs.storage, 3_000)]
      const asked = askers.map((cache) => answersOf(hs, cache))
      for (const [index, one] of steps.entries()) {
        const event = await play(room, one)
        await hs.take(event)
        for (const [which, answers] of asked.entries()) {
          if ((index + which) % 3 > 0) continue
          const ends = await hs.extremities(room.roomId)
          for (const [streamed, read] of await answers(room.roomId, ends)) {
            expect(streamed).toEqual(read)
          }
        }
      }
    }),
    { numRuns: 25 },
  )
})

it('writes a state of many pages, from the cache and past it, and what changed of it', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 600; index++) await room.join(`@user${index}:b`)
  await hs.takeAll(room.events)
  const asked = [hs.cache, new RecordCache(hs.storage, 100_000)].map((cache) => answersOf(hs, cache))
  const agree = async () => {
    for (const answers of asked) {
      for (const [streamed, read] of await answers(room.roomId, await hs.extremities(room.roomId))) {
        expect(streamed).toEqual(read)
      }
    }
  }
  await agree()
  for (const index of [0, 255, 256, 599]) await room.member(`@user${index}:b`, `@user${index}:b`, 'leave')
  await room.redact(room.events[100] as Pdu)
  for (let index = 600; index < 620; index++) await room.join(`@user${index}:b`)
  for (const event of room.events.slice(-25)) {
    await hs.take(event)
  }
  await agree()
})

/** A process on the store that answers with the whole state of a room, and counts the events that it reads for that. */
function countingAsker(hs: Homeserver, cacheBytes: number) {
  const counted = { read: 0 }
  const counting =
    <Key, Found>(read: (keys: readonly Key[]) => Promise<Found>) =>
    (keys: readonly Key[]) => {
      counted.read += keys.length
      return read(keys)
    }
  const { eventTexts, eventsByNid, eventsById } = hs.storage
  const store = {
    ...hs.storage,
    eventTexts: counting(eventTexts),
    eventsByNid: counting(eventsByNid),
    eventsById: counting(eventsById),
  }
  const streamed = createStreamedQueries(contextOf(store, new RecordCache(store, cacheBytes)))
  const ask = async (room_id: string) => {
    const answer = await streamed.queryLatestEventsAndState?.({ room_id, state_to_fetch: [] })
    return answer === undefined ? 0 : (await sent(QueryLatestEventsAndStateResponse, answer)).length
  }
  return { counted, streamed, ask }
}

it('reads nothing again that it wrote before', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 300; index++) await room.join(`@user${index}:b`)
  await hs.takeAll(room.events)
  const { counted, ask } = countingAsker(hs, 8 * 1024 * 1024)
  const length = await ask(room.roomId)
  const first = counted.read
  expect(first).toBeGreaterThan(300)
  expect([await ask(room.roomId), counted.read]).toEqual([length, first])
})

it('reads each event once where people were known before they joined, however little it may keep', async () => {
  await using hs = await Homeserver.start()
  const [other, room] = [await RoomBuilder.create({ roomId: '!other:a' }), await RoomBuilder.create()]
  for (let index = 0; index < 600; index++) await other.join(`@user${index}:b`)
  for (let index = 0; index < 600; index++) await room.join(`@user${(index * 371) % 600}:b`)
  await hs.takeAll(other.events)
  await hs.takeAll(room.events)
  for (const bytes of [3_000, 300_000, 8 * 1024 * 1024]) {
    const { counted, ask } = countingAsker(hs, bytes)
    await ask(room.roomId)
    expect(counted.read).toBeLessThanOrEqual(604)
  }
})

it('gives all members where the table of memberships is read in several pages', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 600; index++) await room.join(`@user${index}:b`)
  await room.member(`@user7:b`, `@user7:b`, 'leave')
  await hs.takeAll(room.events)
  const { streamed } = countingAsker(hs, 8 * 1024 * 1024)
  const members = { room_id: room.roomId, joined_only: false, local_only: false, sender: '' }
  const answer = await streamed.queryMembershipsForRoom?.(members)
  const text = answer === undefined ? '{}' : await sent(QueryMembershipsForRoomResponse, answer)
  const { join_events: events } = JSON.parse(text) as { join_events: { state_key: string }[] }
  expect(new Set(events.map((event) => event.state_key)).size).toBe(601)
})

it('reads no more of an answer than was asked for yet, whatever the question', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 600; index++) await room.join(`@user${index}:b`)
  for (let index = 0; index < 600; index++) {
    const user = `@user${index}:b`
    const content = { membership: 'join', displayname: `${index}` }
    await room.add({ type: 'm.room.member', sender: user, stateKey: user, content })
  }
  await hs.takeAll(room.events)
  const { counted, streamed } = countingAsker(hs, 3_000)
  const [room_id, ids] = [room.roomId, room.events.map(({ eventId }) => eventId)]
  const StateTuples = [{ EventType: 'm.room.member', StateKey: '*' }]
  const inBulk = { AllowWildcards: true, StateTuples }
  const members = { room_id, joined_only: false, local_only: false, sender: '' }
  const answers = {
    QueryBulkStateContent: [
      QueryBulkStateContentResponse,
      await streamed.queryBulkStateContent?.({ ...inBulk, RoomIDs: [room_id] }),
    ],
    QueryCurrentState: [
      QueryCurrentStateResponse,
      await streamed.queryCurrentState?.({ ...inBulk, RoomID: room_id }),
    ],
    QueryEventsById: [QueryEventsByIdResponse, await streamed.queryEventsById?.({ event_ids: ids })],
    QueryMembershipsForRoom: [
      QueryMembershipsForRoomResponse,
      await streamed.queryMembershipsForRoom?.(members),
    ],
    QueryLatestEventsAndState: [
      QueryLatestEventsAndStateResponse,
      await streamed.queryLatestEventsAndState?.({ room_id, state_to_fetch: [] }),
    ],
  } as const
  for (const [name, [schema, answer]] of Object.entries(answers)) {
    counted.read = 0
    const reads: number[] = []
    for (const part of writeInChunks<unknown>(schema, answer)) {
      if (part instanceof Promise) await part
      else reads.push(counted.read)
    }
    const steps = reads.map((read, index) => read - (reads[index - 1] ?? 0))
    expect(Math.max(...steps), name).toBeLessThanOrEqual(256)
    expect(counted.read, name).toBeGreaterThanOrEqual(600)
  }
})

it('gives a question up where others have their turn, when whoever asked has gone', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let index = 0; index < 300; index++) await room.message(`${index}`)
  await hs.takeAll(room.events)
  const queries = createQueries(contextOf(hs.storage, hs.cache))
  const event_ids = room.events.map(({ eventId }) => eventId)
  const gone = new AbortController()
  const ask = async () => await queries.queryEventsById({ event_ids }, { signal: gone.signal })
  expect((await ask()).events).toHaveLength(room.events.length)
  const asked = ask()
  gone.abort(new Error('gone'))
  await expect(asked).rejects.toThrow('gone')
})
