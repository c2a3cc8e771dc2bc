import type { FederationApi } from '@roomserver/api'
import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it, vi } from 'vitest'
import { Homeserver, inputOf } from './homeserver.ts'
import { otherServer } from './other-server.ts'

interface Pair {
  readonly room: RoomBuilder
  /** Has everything. */
  readonly a: Homeserver
  /** Has the room as it was made, and may ask `a`. */
  readonly b: Homeserver
  readonly federation: FederationApi
}

async function pair(change: Partial<FederationApi> = {}): Promise<Pair & AsyncDisposable> {
  const a = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await a.takeAll(room.events)
  const federation = { ...(await otherServer(a)), ...change } as FederationApi
  for (const name of Object.keys(federation) as (keyof FederationApi)[]) vi.spyOn(federation, name)
  const b = await Homeserver.start({ serverName: 'b', federation })
  await b.takeAll(room.events)
  const close = async (): Promise<void> => {
    await b[Symbol.asyncDispose]()
    await a[Symbol.asyncDispose]()
  }
  return { room, a, b, federation, [Symbol.asyncDispose]: close }
}

/** Happens at `a` only. */
async function unseen({ room, a }: Pair, count: number): Promise<readonly Pdu[]> {
  const events: Pdu[] = []
  for (let i = 0; i < count; i++) {
    const isTopic = i % 10 === 3
    events.push(
      isTopic ? await room.state('m.room.topic', '', { topic: `${i}` }) : await room.message(`${i}`),
    )
  }
  await a.takeAll(events)
  return events
}

it('fills a gap with the events that lie in it, in order', async () => {
  await using two = await pair()
  const { room, a, b } = two
  const before = (await b.outputs()).length
  const gap = await unseen(two, 7)
  const event = await room.message('heard')
  await a.take(event)
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  const announced = (await b.outputs()).slice(before).map((output) => output.new_room_event?.event._event_id)
  expect(announced).toEqual([...gap, event].map((one) => one.eventId))
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
  expect(await b.extremities(room.roomId)).toEqual([event.eventId])
})

/**
 * Found by a recording of real servers: a server cannot tell where our part of the graph begins when we were on a branch
 * of our own meanwhile, and gives everything back to the create event, which came up in the rooms of users as new.
 */
it('takes what is from before its own join for the past of the room, and not for new', async () => {
  await using two = await pair()
  const { room, a, federation } = two
  await unseen(two, 3)
  const state = (await a.current(room.roomId)).map((id) => room.events.find((one) => one.eventId === id))
  const join = await room.join('@carol:c')
  await a.take(join)
  await using c = await Homeserver.start({ serverName: 'c', federation })
  const known = room.events.filter((one) => state.includes(one))
  for (const one of known) await c.take(one, { kind: InputKind.outlier })
  await c.take(join, { has_state: true, state_event_ids: known.map((one) => one.eventId) })
  await c.take(await room.message('on a branch', { prev: [join], sender: '@carol:c' }))
  const gap = await room.message('unheard', { prev: [join] })
  const event = await room.message('heard', { prev: [gap] })
  await a.takeAll([gap, event])
  const before = (await c.outputs()).length
  expect(await c.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  const announced = (await c.outputs()).slice(before)
  const news = announced.map((output) => output.new_room_event?.event._event_id)
  expect(news.filter((id) => id !== undefined)).toEqual([gap.eventId, event.eventId])
  const old = announced.map((output) => output.old_room_event?.event._event_id)
  const past = room.events.slice(0, room.events.indexOf(join))
  expect(old.filter((id) => id !== undefined)).toEqual(past.map((one) => one.eventId))
  expect(await c.current(room.roomId)).toEqual(await a.current(room.roomId))
})

/**
 * Found by simulation: a liar added a branch that nobody had heard of to the events of a gap. Taken for what is from before
 * our part of the graph, what was on it was no forward extremity, and no news when it came by itself.
 */
it('takes nothing with a gap that does not lie before the event', async () => {
  await using two = await pair()
  const { room, a, b, federation } = two
  const [own] = room.extremities
  const gap = await unseen(two, 2)
  const event = await room.message('heard')
  const branch = await room.message('on a branch', { prev: own === undefined ? [] : [own] })
  await a.takeAll([event, branch])
  const { lookupMissingEvents } = await otherServer(a)
  vi.mocked(federation.lookupMissingEvents).mockImplementation(async (request) => {
    const { events } = await lookupMissingEvents(request)
    return { events: [...events, branch.json] }
  })
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await b.event(gap[0]?.eventId ?? '')).toMatchObject({ verdict: 'accepted' })
  expect(await b.event(branch.eventId)).toBeUndefined()
  expect(await b.take(branch)).toMatchObject({ verdict: 'accepted', known: false })
  expect(await b.extremities(room.roomId)).toEqual([branch.eventId, event.eventId].toSorted())
})

it('asks on where one answer does not reach back far enough', async () => {
  await using two = await pair()
  const { room, a, b, federation } = two
  await unseen(two, 70)
  const event = await room.message('heard')
  await a.take(event)
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await b.extremities(room.roomId)).toEqual([event.eventId])
  expect(vi.mocked(federation.lookupMissingEvents).mock.calls.length).toBeGreaterThan(1)
  expect(federation.lookupStateIds).not.toHaveBeenCalled()
})

it('takes the state before the oldest event of a gap that is too large, and resolves it with what it has', async () => {
  await using two = await pair()
  const { room, a, b } = two
  const [own] = room.extremities
  await unseen(two, 300)
  const event = await room.message('heard')
  await a.take(event)
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
  expect(await b.extremities(room.roomId)).toEqual([event.eventId, own?.eventId ?? ''].toSorted())
  const rewrites = (await b.outputs()).filter((output) => output.new_room_event?.rewrites_state)
  expect(rewrites).toEqual([])
})

it('takes the state before the event itself where a server gives no events', async () => {
  await using two = await pair({ lookupMissingEvents: async () => ({ events: [] }) })
  const { room, a, b } = two
  await unseen(two, 5)
  const event = await room.message('heard')
  await a.take(event)
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
})

/** Found by the simulation: a server left events out, and was believed when it then lied about the state. */
it('believes no server about the state while another one has the events', async () => {
  await using two = await pair()
  const { room, a, b, federation } = two
  vi.mocked(federation.lookupMissingEvents).mockImplementationOnce(async () => ({ events: [] }))
  await unseen(two, 5)
  const event = await room.message('heard')
  await a.take(event)
  expect(await b.take(event, { origin: 'liar' })).toMatchObject({ verdict: 'accepted' })
  expect(federation.lookupStateIds).not.toHaveBeenCalled()
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
})

/** Found by the simulation: the room had no create event any more, and all that came was rejected. */
it('takes nothing for the state before an event that lacks what the event references', async () => {
  const only = { pdu_ids: [] as string[], auth_chain_ids: [] }
  await using two = await pair({
    lookupMissingEvents: async () => ({ events: [] }),
    lookupStateIds: async () => only,
  })
  const { room, a, b } = two
  await unseen(two, 5)
  only.pdu_ids.push(...(await a.current(room.roomId)).slice(3))
  const event = await room.message('heard')
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ kind: 'missing' })
  expect(await b.event(event.eventId)).toBeUndefined()
})

it.each(['first', 'last'])(
  'takes no state with two events for one entry, whichever stands %s',
  async (place) => {
    const told = { pdu_ids: [] as string[], auth_chain_ids: [] }
    await using two = await pair({
      lookupMissingEvents: async () => ({ events: [] }),
      lookupStateIds: async () => told,
    })
    const { room, a, b } = two
    const older = await room.state('m.room.topic', '', { topic: 'older' })
    await a.takeAll([older, await room.state('m.room.topic', '', { topic: 'newer' })])
    await unseen(two, 2)
    const state = await a.current(room.roomId)
    told.pdu_ids.push(...(place === 'first' ? [older.eventId, ...state] : [...state, older.eventId]))
    const event = await room.message('heard')
    await a.take(event)
    expect(await b.take(event, { origin: 'a' })).toMatchObject({ kind: 'missing' })
    expect(await b.event(event.eventId)).toBeUndefined()
  },
)

/** Found by the simulation: a member was left out, who had set the power levels, and could say nothing more. */
it('takes a state that lacks what its own events reference of no one server, but of two', async () => {
  const only = { pdu_ids: [] as string[], auth_chain_ids: [] }
  const answering = ['a']
  await using two = await pair({
    lookupMissingEvents: async () => ({ events: [] }),
    lookupStateIds: async ({ S }) => {
      if (answering.includes(S)) return only
      throw new Error('404 not found')
    },
  })
  const { room, a, b } = two
  await unseen(two, 5)
  const alice = room.events[1]?.eventId
  only.pdu_ids.push(...(await a.current(room.roomId)).filter((id) => id !== alice))
  const event = await room.join('@carol:c')
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ kind: 'missing' })
  answering.push('c')
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
})

/** Found by the simulation: a call failed, and the room went on without the member that it was to bring. */
it('takes no state of which an event could not be fetched', async () => {
  await using two = await pair({ lookupMissingEvents: async () => ({ events: [] }) })
  const { room, a, b, federation } = two
  const carol = await room.join('@carol:c')
  await a.take(carol)
  await unseen(two, 5)
  const event = await room.message('heard')
  await a.take(event)
  const { getEvent, lookupState } = await otherServer(a)
  const without = (events: readonly string[]) => events.filter((json) => !json.includes('@carol:c'))
  vi.mocked(federation.getEvent).mockImplementation(async (request) => {
    const answer = await getEvent(request)
    return { ...answer, pdus: without(answer.pdus) }
  })
  vi.mocked(federation.lookupState).mockImplementation(async (request) => {
    const { pdus, auth_chain } = await lookupState(request)
    return { pdus: without(pdus), auth_chain: without(auth_chain) }
  })
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ kind: 'missing' })

  vi.mocked(federation.getEvent).mockImplementation(getEvent)
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
})

it('asks a server that does not know the event for what it builds on', async () => {
  await using two = await pair()
  const { room, b, federation } = two
  const gap = await unseen(two, 5)
  const event = await room.message('sent to us alone, by a server that says nothing more')
  vi.mocked(federation.lookupStateIds).mockRejectedValue(new Error('404 not found'))
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  for (const one of gap) expect(await b.event(one.eventId)).toMatchObject({ verdict: 'accepted' })
})

/** Found by the simulation: the servers of the room were asked again and again, as fast as they answered. */
it('does not take an event beside the graph for one that has come meanwhile', async () => {
  await using two = await pair({ lookupMissingEvents: async () => ({ events: [] }) })
  const { room, b, federation } = two
  const unknown = await room.message('its past is not known')
  const beside = await room.state('m.room.topic', '', { topic: 'beside the graph' }, { prev: [unknown] })
  const late = await room.message('late', { prev: [beside] })
  await b.take(beside, { kind: InputKind.outlier })
  vi.mocked(federation.lookupStateIds).mockRejectedValue(new Error('404 not found'))
  await b.input.inputRoomEvents({ input_room_events: [inputOf(late, { origin: 'a' })], async: true })
  await expect.poll(() => b.storage.inbox(0, 100)).toEqual([])
  expect(vi.mocked(federation.lookupMissingEvents).mock.calls.length).toBeLessThan(5)
})

it('fetches auth events that it does not know, and judges them first', async () => {
  await using two = await pair()
  const { room, a, b } = two
  const [fork] = room.extremities as [Pdu]
  const carol = await room.join('@carol:c', { prev: [fork] })
  const hello = await room.message('hello', { sender: '@carol:c', prev: [carol] })
  await a.takeAll([carol, hello])
  expect(await b.take(hello, { origin: 'c', kind: InputKind.new })).toMatchObject({ verdict: 'accepted' })
  expect(await b.event(carol.eventId)).toMatchObject({ verdict: 'accepted' })
})

it('lets events that wait for the same hole share one repair', async () => {
  await using two = await pair()
  const { room, a, b, federation } = two
  await unseen(two, 10)
  const fork = room.extremities
  const events: Pdu[] = []
  for (let i = 0; i < 8; i++) events.push(await room.message(`branch ${i}`, { prev: fork }))
  await a.takeAll(events)
  const outcomes = await Promise.all(events.map((event) => b.take(event, { origin: 'a' })))
  expect(outcomes.every((outcome) => outcome.kind === 'stored' && outcome.verdict === 'accepted')).toBe(true)
  expect(federation.lookupMissingEvents).toHaveBeenCalledTimes(1)
  expect(b.input.counters.repaired).toBe(1)
})

it('asks the next server when one is gone, and never itself', async () => {
  const asked: string[] = []
  await using two = await pair()
  const { room, a, b, federation } = two
  const { lookupMissingEvents } = await otherServer(a)
  vi.mocked(federation.lookupMissingEvents).mockImplementation(async (request) => {
    asked.push(request.S)
    if (request.S !== 'a') throw new Error('no such host')
    return lookupMissingEvents(request)
  })
  await unseen(two, 3)
  const event = await room.message('heard')
  await a.take(event)
  expect(await b.take(event, { origin: 'gone' })).toMatchObject({ verdict: 'accepted' })
  expect(asked).toEqual(['gone', 'a'])
  expect(asked).not.toContain('b')
})

it('believes nothing that is not signed by whom it is of', async () => {
  await using two = await pair()
  const { room, a, b, federation } = two
  vi.mocked(federation.queryPublicKey).mockImplementation(async ({ requests }) => ({
    results: new Map(
      [...requests.keys()].map((name) => [
        name,
        { key: 'B'.repeat(43), expired_ts: 0, valid_until_ts: 4e12 },
      ]),
    ),
  }))
  const gap = await unseen(two, 3)
  const event = await room.message('heard')
  await a.take(event)
  await b.take(event, { origin: 'a' })
  for (const forged of gap) expect(await b.event(forged.eventId)).toBeUndefined()
})

it('ends, with what is missing, when nobody helps, and keeps no other room waiting', async () => {
  let release: (() => void) | undefined
  const gate = new Promise<void>((resolve) => (release = resolve))
  await using two = await pair({
    lookupMissingEvents: async () => {
      await gate
      throw new Error('it is too late')
    },
    getEvent: async () => Promise.reject(new Error('it is too late')),
    lookupStateIds: async () => Promise.reject(new Error('it is too late')),
  })
  const { room, b } = two
  await unseen(two, 3)
  const stuck = b.take(await room.message('heard'), { origin: 'a' })
  const other = await RoomBuilder.create({ roomId: '!other:a' })
  await b.takeAll(other.events)
  expect(await b.extremities(other.roomId)).toHaveLength(1)
  // Nor its own room: what builds on what is known goes on.
  const aside = await room.message('aside', { prev: room.events.slice(4, 5) })
  expect(await b.take(aside)).toMatchObject({ verdict: 'accepted' })
  release?.()
  expect(await stuck).toMatchObject({ kind: 'missing' })
  expect(b.input.counters.repairsFailed).toBe(1)
})

/** A gap of 30 events, of which a page has 20, and the one before them. */
async function wideGap(two: Pair) {
  const gap = await unseen(two, 30)
  const event = await two.room.message('heard')
  await two.a.take(event)
  const given = gap.slice(11)
  const [oldest] = given
  const missing = gap[10]
  if (oldest === undefined || missing === undefined) throw new TypeError('the gap is too small')
  return { event, given, oldest, missing }
}

const stateAskedAt = ({ federation }: Pair) =>
  vi.mocked(federation.lookupStateIds).mock.calls.map(([{ EventID }]) => EventID)

/** Fails from the second call on. */
async function failsOnPage2({ a, federation }: Pair): Promise<void> {
  const { lookupMissingEvents } = await otherServer(a)
  let pages = 0
  vi.mocked(federation.lookupMissingEvents).mockImplementation(async (request) => {
    if (++pages > 1) throw new Error('500 internal error')
    return lookupMissingEvents({ ...request, Missing: { ...request.Missing, limit: 19 } })
  })
}

/** Found by a stranger: one page failed, and the room was left as it was although the state was to be had. */
it('keeps a page of missing events when the next one fails, and asks for the state at the event still missing', async () => {
  await using two = await pair()
  const { room, a, b } = two
  const { event, given, missing } = await wideGap(two)
  await failsOnPage2(two)
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  for (const one of [missing, ...given])
    expect(await b.event(one.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(stateAskedAt(two)).toEqual([missing.eventId])
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
})

it('asks for the state at the oldest event that it was given where the one before it is not to be had', async () => {
  await using two = await pair()
  const { a, b, federation } = two
  const { event, given, oldest, missing } = await wideGap(two)
  await failsOnPage2(two)
  const { getEvent } = await otherServer(a)
  vi.mocked(federation.getEvent).mockImplementation(async (request) => {
    if (request.EventID === missing.eventId) throw new Error('404 not found')
    return getEvent(request)
  })
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  for (const one of given) expect(await b.event(one.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(stateAskedAt(two)).toEqual([oldest.eventId])
})

it('goes on with what it was given where the state at the missing event is not told', async () => {
  await using two = await pair()
  const { a, b, federation } = two
  const { event, given, oldest, missing } = await wideGap(two)
  await failsOnPage2(two)
  const { lookupStateIds } = await otherServer(a)
  vi.mocked(federation.lookupStateIds).mockImplementation(async (request) => {
    if (request.EventID === missing.eventId) throw new Error('404 not found')
    return lookupStateIds(request)
  })
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  for (const one of given) expect(await b.event(one.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(stateAskedAt(two)).toEqual([missing.eventId, oldest.eventId])
})

it('asks for the state at the missing event where no missing events are given at all', async () => {
  await using two = await pair({ lookupMissingEvents: async () => Promise.reject(new Error('500')) })
  const { room, a, b } = two
  const gap = await unseen(two, 5)
  const event = await room.message('heard')
  await a.take(event)
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(stateAskedAt(two)).toEqual([gap.at(-1)?.eventId])
  expect(await b.current(room.roomId)).toEqual(await a.current(room.roomId))
})

it('fetches auth events one by one where they are not given together, and fills the gap all the same', async () => {
  await using two = await pair({ getEventAuth: async () => Promise.reject(new Error('500')) })
  const { room, a, b } = two
  const [fork] = room.extremities as [Pdu]
  const carol = await room.join('@carol:c', { prev: [fork] })
  const hello = await room.message('hello', { sender: '@carol:c', prev: [carol] })
  await a.takeAll([carol, hello])
  expect(await b.take(hello, { origin: 'c', kind: InputKind.new })).toMatchObject({ verdict: 'accepted' })
  expect(await b.event(carol.eventId)).toMatchObject({ verdict: 'accepted' })
})
