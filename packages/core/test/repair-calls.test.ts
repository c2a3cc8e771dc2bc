import type { FederationApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger, systemClock } from '@roomserver/types'
import { expect, it, vi } from 'vitest'
import type { AllRepairLimits } from '../src/index.ts'
import { storeState } from '../src/missing-events/fetch-state.ts'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

/**
 * Server b has a room as it was made; server a has `missing` events more, and `event`, which b hears of. Several servers
 * answer as a does, where `change` does not say otherwise.
 */
async function heard(
  missing: number,
  change: (answers: FederationApi, room: RoomBuilder) => Partial<FederationApi> = () => ({}),
  limits: Partial<AllRepairLimits> = {},
) {
  const a = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const known = [...room.events]
  for (let n = 0; n < missing; n++) await room.message(`${n}`)
  const event = await room.message('heard')
  await a.takeAll(room.events)
  const answers = (await otherServer(a)) as FederationApi
  const federation = { ...answers, ...change(answers, room) }
  for (const name of Object.keys(federation) as (keyof FederationApi)[]) vi.spyOn(federation, name)
  let now = 1_800_000_000_000
  const b = await Homeserver.start({ serverName: 'b', federation, clock: { now: () => now } }, {}, limits)
  await b.takeAll(known)
  return {
    a,
    b,
    room,
    event,
    gap: room.events.slice(known.length, -1),
    known,
    federation,
    wait: (ms: number) => (now += ms),
    /** How often each was called. */
    calls: () =>
      Object.fromEntries(
        Object.entries(federation).flatMap(([name, call]) => {
          const { length } = vi.mocked(call as () => unknown).mock.calls
          return length === 0 ? [] : [[name, length]]
        }),
      ),
    [Symbol.asyncDispose]: async () => {
      await b[Symbol.asyncDispose]()
      await a[Symbol.asyncDispose]()
    },
  }
}

const lost = (): Promise<never> => Promise.reject(new Error('404 not found'))

it.each([
  // A page has 20 events; from the event itself, each next page begins at the oldest of the last one.
  ['one event', 1, 1],
  ['a page', 20, 1],
  ['one more than a page', 21, 2],
  ['ten pages', 200, 10],
])('asks for a gap of %s page by page, and for nothing else', async (_what, missing, pages) => {
  await using one = await heard(missing)
  const { a, b, event, room } = one
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(one.calls()).toEqual({ lookupMissingEvents: pages, queryPublicKey: pages })
  expect(await b.extremities(room.roomId)).toEqual([event.eventId])
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
})

it('asks for no more than ten pages, and then for the state at the oldest event', async () => {
  await using one = await heard(203)
  const { b, event, gap, federation } = one
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  const asked = vi.mocked(federation.lookupMissingEvents).mock.calls
  expect(asked).toHaveLength(10)
  expect(asked.map(([{ Missing }]) => Missing.limit)).toEqual(asked.map(() => 20))
  // The event before the 200 that came is fetched alone, and the state asked for there.
  expect(vi.mocked(federation.lookupStateIds).mock.calls.map(([{ EventID }]) => EventID)).toEqual([
    gap[2]?.eventId,
  ])
  expect(federation.getEventAuth).not.toHaveBeenCalled()
  expect(federation.lookupState).not.toHaveBeenCalled()
  expect(await b.event(gap[1]?.eventId ?? '')).toBeUndefined()
  expect(await b.event(gap[2]?.eventId ?? '')).toMatchObject({ verdict: 'accepted' })
})

/** A server that leaves events out of a gap may lie about the state as well. */
it('believes nobody about a state at an event of the gap before all servers were asked for the events', async () => {
  const asked: string[] = []
  await using one = await heard(6, (answers) => ({
    lookupMissingEvents: async (request) => {
      asked.push(request.S)
      if (request.S === 'a') return await answers.lookupMissingEvents(request)
      // The latest two, and never what is before them.
      const { latest_events: latest } = request.Missing
      const isFirst = asked.filter((server) => server === 'liar').length === 1
      if (!isFirst) return { events: [] }
      return answers.lookupMissingEvents({
        ...request,
        Missing: { ...request.Missing, latest_events: latest, limit: 2 },
      })
    },
  }))
  const { b, event, gap, federation } = one
  expect(await b.take(event, { origin: 'liar' })).toMatchObject({ verdict: 'accepted' })
  expect(new Set(asked)).toEqual(new Set(['liar', 'a']))
  expect(federation.lookupStateIds).not.toHaveBeenCalled()
  for (const { eventId } of gap) expect(await b.event(eventId)).toMatchObject({ verdict: 'accepted' })
})

it('asks for nothing where what was missing has come by the time the repair begins', async () => {
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => (open = resolve))
  await using one = await heard(1, (answers) => ({
    lookupMissingEvents: async (request) => {
      await gate
      return await answers.lookupMissingEvents(request)
    },
  }))
  const { b, room, event, gap } = one
  const beside = await room.message('beside', { prev: gap })
  const taken = [event, beside].map((each) => b.take(each, { origin: 'a' }))
  await expect.poll(() => b.input.repairs?.rooms.get(room.roomId)).toBe(2)
  await b.takeAll(gap)
  open()
  expect(await Promise.all(taken)).toMatchObject([{ verdict: 'accepted' }, { verdict: 'accepted' }])
  expect(one.calls()).toMatchObject({ lookupMissingEvents: 1 })
  expect(b.input.counters.repaired).toBe(1)
})

/** Carol has joined without our knowing; what she says references that and builds on what is known. */
async function carolSpeaks() {
  const one = await heard(0)
  const { a, room, known } = one
  const prev = known.slice(-1)
  const join = await room.join('@carol:c', { prev })
  const auth = [...known.slice(0, 1), ...known.slice(2, 3), join]
  const hello = await room.message('hello', { sender: '@carol:c', prev, auth })
  await a.takeAll([join, hello])
  return { ...one, join, hello }
}

it('asks for auth events, and not for a gap, where only auth events are missing', async () => {
  await using one = await carolSpeaks()
  const { b, hello, join } = one
  await b.take(hello, { origin: 'a' })
  expect(one.calls()).toEqual({ getEventAuth: 1, queryPublicKey: 1 })
  expect(await b.event(join.eventId)).toMatchObject({ verdict: 'outlier' })
})

it('asks one by one for those auth events only that did not come with the others', async () => {
  await using one = await carolSpeaks()
  const { b, hello, join, federation } = one
  vi.mocked(federation.getEventAuth).mockImplementation(async () => ({ auth_chain: [] }))
  await b.take(hello, { origin: 'a' })
  expect(vi.mocked(federation.getEvent).mock.calls).toEqual([[{ S: 'a', EventID: join.eventId }]])
  expect(await b.event(join.eventId)).toMatchObject({ verdict: 'outlier' })
})

it('takes the event that it asked for and none that comes with it', async () => {
  await using one = await carolSpeaks()
  const { b, hello, join, room, federation } = one
  const unasked = await room.state('m.room.topic', '', { topic: 'unasked' })
  const { getEvent } = await otherServer(one.a)
  vi.mocked(federation.getEventAuth).mockImplementation(async () => ({ auth_chain: [] }))
  vi.mocked(federation.getEvent).mockImplementation(async (request) => {
    const answer = await getEvent(request)
    return { ...answer, pdus: [...answer.pdus, unasked.json] }
  })
  await b.take(hello, { origin: 'a' })
  expect(await b.event(join.eventId)).toMatchObject({ verdict: 'outlier' })
  expect(await b.event(unasked.eventId)).toBeUndefined()
})

it.each([
  ['twenty events of a state one by one', 20, { getEvent: 20, lookupState: 0 }],
  ['more than that all together', 21, { getEvent: 0, lookupState: 1 }],
])('asks for %s', async (_what, users, expected) => {
  await using one = await heard(0, () => ({ lookupMissingEvents: lost }))
  const { a, b, room, known, federation } = one
  const unseen: Pdu[] = []
  for (let n = 0; n < users; n++) {
    const prev = unseen.length === 0 ? known.slice(-1) : unseen.slice(-1)
    unseen.push(await room.join(`@user${n}:c`, { prev }))
  }
  const between = await room.message('not to be had', { prev: unseen.slice(-1) })
  const late = await room.message('late', { prev: [between] })
  await a.takeAll([...unseen, between, late])
  const { getEvent } = await otherServer(a)
  vi.mocked(federation.getEvent).mockImplementation((request) =>
    request.EventID === between.eventId ? lost() : getEvent(request),
  )
  expect(await b.take(late, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  const asked = vi
    .mocked(federation.getEvent)
    .mock.calls.filter(([{ EventID }]) => EventID !== between.eventId)
  const together = vi.mocked(federation.lookupState).mock.calls
  expect({ getEvent: asked.length, lookupState: together.length }).toEqual(expected)
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
})

it('begins no call for a repair whose time is over, and says so', async () => {
  await using one = await heard(1, () => ({}), { budgetMs: 1_000, atOnce: 1 })
  const { b, event, federation } = one
  vi.mocked(federation.lookupMissingEvents).mockImplementation(async () => {
    one.wait(1_000)
    return { events: [] }
  })
  expect(await b.take(event, { origin: 'gone' })).toMatchObject({ kind: 'missing' })
  expect(vi.mocked(federation.lookupMissingEvents).mock.calls.map(([{ S }]) => S)).toEqual(['gone'])
  expect(federation.lookupStateIds).not.toHaveBeenCalled()
  expect(await b.storage.repairs('', 10)).toMatchObject([{ lastError: 'time limit reached' }])
})

it('goes on while there is time left, to the last millisecond', async () => {
  await using one = await heard(1, () => ({}), { budgetMs: 1_000, atOnce: 1 })
  const { b, event, federation } = one
  vi.mocked(federation.lookupMissingEvents).mockImplementationOnce(async () => {
    one.wait(999)
    return { events: [] }
  })
  vi.mocked(federation.getEvent).mockImplementationOnce(lost)
  expect(await b.take(event, { origin: 'gone' })).toMatchObject({ verdict: 'accepted' })
  expect(vi.mocked(federation.lookupMissingEvents).mock.calls.map(([{ S }]) => S)).toEqual(['gone', 'a'])
})

it('gives a call up that takes too long, and asks the next server', async () => {
  await using one = await heard(1, () => ({}), { callMs: 20, patienceMs: 3_600_000 })
  const { b, event, federation } = one
  const { lookupMissingEvents } = await otherServer(one.a)
  vi.mocked(federation.lookupMissingEvents).mockImplementation((request) =>
    request.S === 'slow' ? new Promise(() => undefined) : lookupMissingEvents(request),
  )
  vi.mocked(federation.getEvent).mockImplementation(lost)
  expect(await b.take(event, { origin: 'slow' })).toMatchObject({ verdict: 'accepted' })
})

it('reads of a state that it has nothing again but what the state references and does not have', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const [, joined] = room.events
  await room.state('m.room.member', room.creator, { membership: 'join', displayname: 'Alice' })
  const event = await room.message('heard')
  await hs.takeAll(room.events)
  const eventsByNid = vi.fn(hs.storage.eventsByNid)
  const eventsById = vi.fn(hs.storage.eventsById)
  const parts = {
    federation: {} as FederationApi,
    store: { ...hs.storage, eventsByNid, eventsById },
    input: hs.input,
    clock: systemClock,
    log: silentLogger,
  }
  const state = room.events.filter((one) => one !== joined && one !== event).map(({ eventId }) => eventId)
  const known = { state, chain: [] }
  const { eventIds, isClosed } = await storeState(parts, room, 'a', event, known)
  expect({ eventIds: eventIds.toSorted(), isClosed }).toEqual({ eventIds: state.toSorted(), isClosed: true })
  const record = await hs.event(joined?.eventId ?? '')
  expect(eventsByNid.mock.calls).toEqual([[[record?.nid]]])
  // What is known of it, all of it, and what the event references.
  expect(eventsById.mock.calls).toEqual([[state], [state], [event.authEvents]])
})

/** What is made of a state in which something stands that may be stored, but not in a state of the room. */
async function madeOf(stranger: (hs: Homeserver, room: RoomBuilder) => Promise<readonly string[]>) {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  const event = await room.message('heard')
  const state = [...(await hs.current(room.roomId)), ...(await stranger(hs, room))]
  const create = room.events[0]?.eventId
  const parts = {
    federation: { lookupState: lost, getEvent: lost } as unknown as FederationApi,
    store: hs.storage,
    input: hs.input,
    clock: systemClock,
    log: silentLogger,
  }
  const store = (ids: readonly string[]) => storeState(parts, room, 'a', event, { state: ids, chain: [] })
  return {
    beside: (await store(state)).eventIds,
    instead: (await store(state.filter((id) => id !== create))).eventIds,
    own: (await store(await hs.current(room.roomId))).eventIds,
  }
}

it.each(['1', '10', '12'])(
  'takes no state with the create event of another room, of version %s',
  async (version) => {
    const made = await madeOf(async (hs) => {
      const other = await RoomBuilder.create({ version, ...(version !== '12' && { roomId: '!other:a' }) })
      await hs.takeAll(other.events)
      return [other.events[0]?.eventId ?? '']
    })
    expect(made).toMatchObject({ beside: [], instead: [] })
    expect(made.own).not.toEqual([])
  },
)

it.each(['topic', 'message'])('takes no state with a %s that is not of it', async (what) => {
  const made = await madeOf(async (hs, room) => {
    const other = await RoomBuilder.create({ roomId: '!other:a' })
    const event = await (what === 'topic'
      ? other.state('m.room.topic', '', { topic: 'other' })
      : room.message('no state'))
    await hs.takeAll([...other.events, ...room.events])
    return [event.eventId]
  })
  expect(made).toMatchObject({ beside: [], instead: [] })
})

it('looks up nothing of a state that is longer than any', async () => {
  const eventsById = vi.fn()
  const room = await RoomBuilder.create()
  const event = await room.message('heard')
  const parts = {
    federation: {} as FederationApi,
    store: { eventsById, eventsByNid: eventsById },
    input: { runTask: eventsById, decideOn: eventsById },
    clock: systemClock,
    log: silentLogger,
  }
  const state = Array.from({ length: 200_001 }, (_, index) => `$${index}`)
  expect(await storeState(parts, room, 'a', event, { state, chain: [] })).toMatchObject({ eventIds: [] })
  expect(eventsById).not.toHaveBeenCalled()
})
