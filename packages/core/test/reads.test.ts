import { type RoomserverApi, StreamedList } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createQueries } from '../src/query/create-queries.ts'
import { createStreamedQueries } from '../src/query/streamed-answers/streamed-queries.ts'
import { Homeserver, inputOf } from './homeserver.ts'
import { WatchedProcess } from './watched-process.ts'

const USERS = 140

/** A room with so many users who joined and took a name, one who left, and two branches that do not agree. */
interface World {
  readonly hs: Homeserver
  readonly room: RoomBuilder
  readonly ids: readonly string[]
  readonly ends: readonly string[]
}

let world: World

beforeAll(async () => {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const users = Array.from({ length: USERS }, (_, index) => `@user${index}:b`)
  for (const user of users) await room.join(user)
  for (const [index, user] of users.entries()) {
    const content = { membership: 'join', displayname: `${index}` }
    await room.add({ type: 'm.room.member', sender: user, stateKey: user, content })
  }
  await room.member('@user7:b', '@user7:b', 'leave')
  const fork = room.extremities
  const left = await room.state('m.room.topic', '', { topic: 'left' }, { prev: fork })
  const right = await room.state('m.room.topic', '', { topic: 'right' }, { prev: fork })
  const input_room_events = room.events.map((event) => inputOf(event))
  await hs.input.inputRoomEvents({ input_room_events, async: false })
  const idsOf = (events: readonly Pdu[]) => events.map(({ eventId }) => eventId)
  world = { hs, room, ids: idsOf(room.events), ends: idsOf([left, right]) }
})
afterAll(() => world.hs[Symbol.asyncDispose]())

const state = { only_fetch_auth_chain: false, resolve_state: true, auth_event_ids: [] }
const members = { joined_only: false, local_only: false, sender: '' }
const everybody = { AllowWildcards: true, StateTuples: [{ EventType: 'm.room.member', StateKey: '*' }] }

/** Questions, and how often each event may be read for the answer where the cache has nothing and keeps everything. */
const QUESTIONS: readonly (readonly [
  string,
  keyof RoomserverApi,
  (of: { room_id: string; ids: readonly string[]; ends: readonly string[] }) => object,
  number,
])[] = [
  ['the current state', 'queryLatestEventsAndState', ({ room_id }) => ({ room_id, state_to_fetch: [] }), 1],
  ['all members', 'queryCurrentState', ({ room_id }) => ({ ...everybody, RoomID: room_id }), 1],
  [
    'all members of a list of rooms',
    'queryBulkStateContent',
    ({ room_id }) => ({ ...everybody, RoomIDs: ['!unknown:a', room_id] }),
    1,
  ],
  ['events by ID', 'queryEventsById', ({ ids }) => ({ event_ids: ids }), 1],
  // An auth chain is walked through before it is given.
  ['an auth chain', 'queryAuthChain', ({ ids }) => ({ EventIDs: ids.slice(-USERS) }), 2],
  [
    'the state after events that agree',
    'queryStateAfterEvents',
    ({ room_id, ends }) => ({ room_id, prev_event_ids: ends.slice(1), state_to_fetch: [] }),
    1,
  ],
  [
    'the state after events that do not agree',
    'queryStateAfterEvents',
    ({ room_id, ends }) => ({ room_id, prev_event_ids: ends, state_to_fetch: [] }),
    1,
  ],
  [
    'a state with its auth chain',
    'queryStateAndAuthChain',
    ({ room_id, ends }) => ({ ...state, room_id, prev_event_ids: ends.slice(1) }),
    2,
  ],
  [
    'a resolved state with its auth chain',
    'queryStateAndAuthChain',
    ({ room_id, ends }) => ({ ...state, room_id, prev_event_ids: ends, auth_event_ids: ends }),
    2,
  ],
  [
    'an auth chain alone',
    'queryStateAndAuthChain',
    ({ room_id, ids }) => ({
      ...state,
      room_id,
      prev_event_ids: [],
      auth_event_ids: ids.slice(-USERS),
      only_fetch_auth_chain: true,
    }),
    2,
  ],
  ['members, joined or not', 'queryMembershipsForRoom', ({ room_id }) => ({ ...members, room_id }), 1],
  [
    'joined members',
    'queryMembershipsForRoom',
    ({ room_id }) => ({ ...members, room_id, joined_only: true }),
    1,
  ],
  [
    'members as they were when a user left',
    'queryMembershipsForRoom',
    ({ room_id }) => ({ ...members, room_id, sender: '@user7:b' }),
    1,
  ],
  [
    'missing events',
    'queryMissingEvents',
    ({ ids, ends }) => ({
      earliest_events: ids.slice(0, 4),
      latest_events: ends,
      limit: 8,
      server_name: 'b',
    }),
    1,
  ],
]

const FORMS = [
  ['as elements', createQueries, QUESTIONS],
  ['written', createStreamedQueries, QUESTIONS.filter(([, name]) => name !== 'queryMissingEvents')],
] as const

type AskAnything = (request: object, call?: { readonly signal: AbortSignal }) => Promise<object>

/** Puts a question and takes the whole answer, also where it is written while it is taken, or until nobody wants it. */
async function answerTo(
  queries: object,
  name: keyof RoomserverApi,
  request: object,
  signal = new AbortController().signal,
): Promise<void> {
  const ask = (queries as Partial<Record<string, AskAnything>>)[name]
  if (ask === undefined) throw new TypeError(`there is no ${name}`)
  for (const list of Object.values(await ask(request, { signal }))) {
    if (!(list instanceof StreamedList)) continue
    for (const part of list.parts()) {
      await part
      signal.throwIfAborted()
    }
  }
}

describe.each(FORMS)('an answer %s', (_form, createForm, questions) => {
  it.each(questions)('with %s is read in parts, and nothing twice', async (_what, name, request, times) => {
    const { hs, room, ids, ends } = world
    const process = new WatchedProcess(hs.storage)
    const queries = createForm(process.context)
    // Half of the events are known already.
    for (const record of await hs.storage.eventsById(ids.filter((_, index) => index % 2 === 0))) {
      process.cache.putEvent(record)
    }
    const asked = request({ room_id: room.roomId, ids, ends })
    await answerTo(queries, name, asked)
    expect(process.needless).toEqual([])
    expect(process.largest).toBeLessThanOrEqual(200)
    expect(process.smallest).toBeGreaterThan(0)
    expect(process.mostOften).toBeLessThanOrEqual(times)
    process.forgetReads()
    await answerTo(queries, name, asked)
    expect(process.reads).toEqual([])
  })

  it.each(questions)('with %s is given up where nobody waits for it', async (_what, name, request) => {
    // Each look at the clock takes longer than a turn: others have theirs wherever they may.
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 10))
    onTestFinished(() => void vi.restoreAllMocks())
    const { hs, room, ids, ends } = world
    const asked = request({ room_id: room.roomId, ids, ends })
    const whole = new WatchedProcess(hs.storage)
    await answerTo(createForm(whole.context), name, asked)
    // Also where all of it is at hand.
    const again = answerTo(createForm(whole.context), name, asked, AbortSignal.abort(new Error('gone')))
    await expect(again).rejects.toThrow('gone')
    const reads = whole.reads.length
    const readUntil = new Map<number, number>()
    for (let goneAt = 1; goneAt < reads; goneAt += Math.ceil(reads / 5)) {
      const process = new WatchedProcess(hs.storage)
      const gone = new AbortController()
      process.onRead = (count) => count === goneAt && gone.abort(new Error('gone'))
      const answer = answerTo(createForm(process.context), name, asked, gone.signal)
      await answer.catch((error: unknown) => expect(error).toEqual(new Error('gone')))
      readUntil.set(goneAt, process.reads.length)
    }
    expect([...readUntil.values()]).toEqual([...readUntil.keys()])
  })
})

it('keeps so much of a long answer and no more, and reads the rest of it again', async () => {
  const { hs, room } = world
  const asked = { room_id: room.roomId, state_to_fetch: [] }
  const ask = (process: WatchedProcess) =>
    answerTo(createStreamedQueries(process.context), 'queryLatestEventsAndState', asked)
  const large = new WatchedProcess(hs.storage)
  await ask(large)
  const { bytes, maxAnswerBytes } = large.cache.pages
  expect(bytes).toBeLessThan(maxAnswerBytes)

  const cacheBytes = 32 * 1024 * 1024
  const small = new WatchedProcess(hs.storage, (cacheBytes * 0.75 * bytes) / maxAnswerBytes)
  await ask(small)
  const { pages } = small.cache
  expect(pages.maxAnswerBytes).toBeCloseTo(0.75 * bytes)
  expect(pages.bytes).toBeGreaterThan(0)
  expect(pages.bytes).toBeLessThanOrEqual(pages.maxAnswerBytes)
  const texts = () => small.reads.flat().filter((row) => row.startsWith('eventTexts')).length
  const whole = texts()
  small.forgetReads()
  await ask(small)
  expect(texts()).toBeGreaterThan(0)
  expect(texts()).toBeLessThan(whole)
})
