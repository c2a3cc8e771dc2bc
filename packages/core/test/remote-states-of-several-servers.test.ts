import { type FederationApi, InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { type Clock, systemClock } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import type { AllRepairLimits } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

/** Longer than a test may take: who waits for this does not come back. */
const NEVER_MS = 3_600_000

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

/** What a server says of the state before any event; `undefined`: nothing, ever. */
type Tale = (state: readonly string[]) => readonly string[] | undefined

/**
 * Server b has heard nothing of a room since carol joined, and of what happened then nobody tells it but the last message.
 * Servers c and d are in the room as well. Each server tells the state before the message as `tales` have it; who is not
 * in there does not know it.
 */
async function messageOutOfNowhere(
  tales: (room: RoomBuilder) => Promise<Readonly<Record<string, Tale>>>,
  limits: Partial<AllRepairLimits> = { patienceMs: 20_000 },
  clock: Clock = systemClock,
) {
  const a = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@carol:c')
  await room.join('@dora:d')
  await room.join('@bob:b')
  const known = [...room.events]
  const users = { [room.creator]: 100, '@carol:c': 50 }
  await room.state('m.room.power_levels', '', { users })
  await room.state('m.room.topic', '', { topic: 'hers' }, { sender: '@carol:c' })
  await room.state('m.room.power_levels', '', { users: { [room.creator]: 100 } })
  const name = await room.state('m.room.name', '', { name: 'ours' })
  const given = await tales(room)
  const message = await room.message('heard', { prev: [name] })
  await a.takeAll(room.events)
  const answers = await otherServer(a)
  const lookupStateIds = vi.fn(async (request: Parameters<FederationApi['lookupStateIds']>[0]) => {
    const tale = given[request.S]
    if (tale === undefined) throw new Error('404 not found')
    const { pdu_ids: ids, auth_chain_ids: chain } = await answers.lookupStateIds(request)
    const state = tale(ids)
    if (state === undefined) return await new Promise<never>(() => undefined)
    return { pdu_ids: state, auth_chain_ids: chain }
  })
  const federation = {
    ...answers,
    lookupMissingEvents: async () => ({ events: [] }),
    // Nor does anybody give the event that the message builds on, but with the state.
    getEvent: async (request) => {
      if (request.EventID === name.eventId) throw new Error('404 not found')
      return await answers.getEvent(request)
    },
    lookupStateIds,
  } as Partial<FederationApi> as FederationApi
  const log = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() }
  const b = await Homeserver.start({ serverName: 'b', federation, log, clock }, {}, limits)
  await b.takeAll(known)
  const close = async (): Promise<void> => {
    await b[Symbol.asyncDispose]()
    await a[Symbol.asyncDispose]()
  }
  const whole = await stateBefore(a, message)
  return { room, whole, a, b, log, message, federation, lookupStateIds, [Symbol.asyncDispose]: close }
}

async function stateBefore(server: Homeserver, { eventId }: Pdu): Promise<readonly string[]> {
  const record = await server.event(eventId)
  return record === undefined ? expect.fail('not stored') : await server.stateAt(record.before)
}

/** The latest event of a type. */
function latest(room: RoomBuilder, type: string): Pdu {
  return room.events.findLast((event) => event.type === type) ?? expect.fail(`no ${type}`)
}

const honest: Tale = (state) => state
const without =
  (...left: readonly string[]): Tale =>
  (state) =>
    state.filter((id) => !left.includes(id))

it('takes a state that servers agree on, asked of each once', async () => {
  await using scene = await messageOutOfNowhere(async () => ({ a: honest, c: honest, d: honest }))
  const { whole, b, message, lookupStateIds } = scene
  expect(await b.take(message, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await stateBefore(b, message)).toEqual(whole)
  expect(lookupStateIds.mock.calls.map(([{ S }]) => S).toSorted()).toEqual(['a', 'c', 'd'])
  expect(b.input.counters.statesDiffered).toBe(0)
})

it.each([
  // In a resolution the topic would be lost, as carol may not set it any more.
  [
    'takes what most tell, and not what one leaves out',
    ['topic', 'name', 'member'],
    { a: honest, c: honest },
  ],
  ['resolves what two tell, one of whom leaves entries out', ['name', 'member'], { a: honest }],
])('%s', async (_what, left, others) => {
  await using scene = await messageOutOfNowhere(async (room) => {
    const leftOut = left.map((type) => latest(room, `m.room.${type}`))
    return { liar: without(...idsOf(leftOut)), ...others }
  })
  const { whole, b, log, message } = scene
  expect(await b.take(message, { origin: 'liar' })).toMatchObject({ verdict: 'accepted' })
  expect(await stateBefore(b, message)).toEqual(whole)
  expect(b.input.counters.statesDiffered).toBe(1)
  expect(log.warn).toHaveBeenCalledWith(
    {
      room_id: message.roomId,
      event_id: message.eventId,
      states: expect.arrayContaining([`liar: ${whole.length - left.length} entries`]),
      agreed: whole.length,
    },
    'servers supplied different states before an event; using the agreed state',
  )
})

it('does not weigh a state that was cut short against a whole one', async () => {
  await using scene = await messageOutOfNowhere(async (room) => {
    // The joins of others reference the join rules; the topic would be lost in a resolution, as carol may not set it any more.
    const left = [latest(room, 'm.room.join_rules'), latest(room, 'm.room.topic')]
    return { liar: without(...idsOf(left)), a: honest }
  })
  const { whole, b, message } = scene
  expect(await b.take(message, { origin: 'liar' })).toMatchObject({ verdict: 'accepted' })
  expect(await stateBefore(b, message)).toEqual(whole)
  expect(b.input.counters.statesDiffered).toBe(1)
})

it('takes no event that is not allowed at what others tell, whatever it references', async () => {
  await using scene = await messageOutOfNowhere(async (room) => {
    const topic = latest(room, 'm.room.topic')
    // Carol had the right once; the liar says that she used it and that it was never taken from her.
    const late = await room.add({
      type: 'm.room.avatar',
      sender: '@carol:c',
      stateKey: '',
      content: { url: 'mxc://c/late' },
      prev: [topic],
    })
    return { liar: (state) => [...state, late.eventId], a: honest }
  })
  const { whole, b, message } = scene
  expect(await b.take(message, { origin: 'liar' })).toMatchObject({ verdict: 'accepted' })
  expect(await stateBefore(b, message)).toEqual(whole)
})

it('puts together what honest servers know of', async () => {
  await using scene = await messageOutOfNowhere(async (room) => ({
    a: without(latest(room, 'm.room.topic').eventId),
    c: without(latest(room, 'm.room.name').eventId),
  }))
  const { whole, room, b, message } = scene
  expect(await b.take(message, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  // Carol had the right to set the topic, and has it no more: nobody can tell by the states that it was hers in time.
  const topic = latest(room, 'm.room.topic').eventId
  expect(await stateBefore(b, message)).toEqual(whole.filter((id) => id !== topic))
  expect(b.input.counters.statesDiffered).toBe(1)
})

it('waits only so long for those who never answer, and does without those who know nothing', async () => {
  const limits = { patienceMs: 100, callMs: NEVER_MS, budgetMs: NEVER_MS }
  await using scene = await messageOutOfNowhere(async () => ({ a: honest, c: () => undefined }), limits)
  const { whole, b, message } = scene
  expect(await b.take(message, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await stateBefore(b, message)).toEqual(whole)
  expect(b.input.counters.statesDiffered).toBe(0)
})

it('takes what one tells where nobody has what most tell', async () => {
  const liar: Tale = (state) => [...state, '$not to be had']
  await using scene = await messageOutOfNowhere(async () => ({ a: liar, c: liar, d: honest }))
  const { whole, b, message } = scene
  expect(await b.take(message, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  expect(await stateBefore(b, message)).toEqual(whole)
})

it('takes nothing where servers tell what none of them has', async () => {
  await using scene = await messageOutOfNowhere(async () => ({
    a: (state) => [...state, '$not to be had'],
    c: (state) => [...state, '$nor this'],
  }))
  const { b, log, message } = scene
  expect(await b.take(message, { origin: 'a' })).toMatchObject({ kind: 'missing' })
  expect(await b.event(message.eventId)).toBeUndefined()
  expect(log.warn).toHaveBeenCalledWith(
    expect.objectContaining({ event_id: message.eventId, agreed: 0 }),
    'servers supplied different states before an event; using the agreed state',
  )
})

it.each([
  ['fails', () => Promise.reject(new Error('500 internal error'))],
  ['has none of them', async () => ({ pdus: [], auth_chain: [] })],
] as const)(
  'fetches a state from another one that tells the same, where the first %s',
  async (_what, answerOfFirst) => {
    await using scene = await messageOutOfNowhere(async () => ({ a: honest, c: honest }))
    const { a, whole, b, message, federation } = scene
    const { getEvent, lookupState } = await otherServer(a)
    const asked = new Set<string>()
    const unlessFirst = async <Result>(
      server: string,
      answer: () => Promise<Result>,
      first: () => Promise<Result>,
    ): Promise<Result> => {
      asked.add(server)
      return await (server === 'a' ? first() : answer())
    }
    const notFound = () => Promise.reject(new Error('404 not found'))
    vi.spyOn(federation, 'getEvent').mockImplementation((request) =>
      unlessFirst(request.S, () => getEvent(request), notFound),
    )
    vi.spyOn(federation, 'lookupState').mockImplementation((request) =>
      unlessFirst(request.S, () => lookupState(request), answerOfFirst),
    )
    expect(await b.take(message, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
    expect(await stateBefore(b, message)).toEqual(whole)
    expect([...asked]).toEqual(expect.arrayContaining(['a', 'c']))
  },
)

/** Whoever is asked may take all the time that there is; then one state is better than none. */
it('takes one of two states that differ where the time is over', async () => {
  let now = 1_800_000_000_000
  const limits = { patienceMs: 20_000, budgetMs: 1_000 }
  const tales = async (room: RoomBuilder) => ({
    a: without(latest(room, 'm.room.name').eventId),
    c: without(latest(room, 'm.room.topic').eventId),
  })
  await using scene = await messageOutOfNowhere(tales, limits, { now: () => now })
  const { whole, room, b, message, lookupStateIds } = scene
  lookupStateIds.mockImplementation(later(lookupStateIds, () => (now += 1_000)))
  expect(await b.take(message, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
  const name = latest(room, 'm.room.name').eventId
  expect(await stateBefore(b, message)).toEqual(whole.filter((id) => id !== name))
  expect(b.input.counters.statesDiffered).toBe(1)
})

/** The same answers, each after something else. */
function later<Args extends readonly unknown[], Result>(
  call: { getMockImplementation(): ((...args: Args) => Promise<Result>) | undefined },
  first: () => unknown,
): (...args: Args) => Promise<Result> {
  const answer = call.getMockImplementation()
  return async (...args) => {
    first()
    return (await answer?.(...args)) ?? expect.fail('no answer')
  }
}

/** The state before the first join of a room is its create event alone. */
describe('a state of a single event', () => {
  async function firstJoin(
    tales: (ids: { create: string; join: string }) => Readonly<Record<string, readonly string[]>>,
  ) {
    const a = await Homeserver.start()
    const room = await RoomBuilder.create()
    for (const user of ['@bob:b', '@carol:c', '@dora:d']) await room.join(user)
    const [create, join] = room.events
    if (create === undefined || join === undefined) throw new TypeError('no room')
    await a.takeAll(room.events)
    const answers = tales({ create: create.eventId, join: join.eventId })
    const federation = {
      ...(await otherServer(a)),
      lookupMissingEvents: async () => ({ events: [] }),
      getEvent: async () => Promise.reject(new Error('404 not found')),
      lookupStateIds: async ({ S }) => {
        const state = answers[S]
        if (state === undefined) throw new Error('404 not found')
        return { pdu_ids: state, auth_chain_ids: [] }
      },
      lookupState: async () => ({ pdus: [], auth_chain: [] }),
    } as Partial<FederationApi> as FederationApi
    const b = await Homeserver.start({ serverName: 'b', federation }, {}, { patienceMs: 20_000 })
    // Server b joined late: what came before is beside its graph.
    const state = room.events.slice(0, 4)
    for (const event of state) await b.take(event, { kind: InputKind.outlier })
    const [joined, ...others] = room.events.slice(4)
    if (joined === undefined) throw new TypeError('nobody joined')
    await b.take(joined, { has_state: true, state_event_ids: idsOf(state) })
    await b.takeAll(others)
    const again = await room.join(room.creator, { prev: [create], auth: [create] })
    const close = async (): Promise<void> => {
      await b[Symbol.asyncDispose]()
      await a[Symbol.asyncDispose]()
    }
    return { b, create, again, [Symbol.asyncDispose]: close }
  }

  it.each([
    ['most tell it', { c: 'create', d: 'both' }],
    ['the other one cannot be had', { c: 'unknown' }],
  ] as const)('counts where %s', async (_when, others) => {
    await using one = await firstJoin(({ create, join }) => {
      const states = { create: [create], both: [create, join], unknown: [create, '$unknown'] }
      const given = Object.entries(others).map(([server, state]) => [server, states[state]] as const)
      return { a: [create], ...Object.fromEntries(given) }
    })
    const { b, create, again } = one
    expect(await b.take(again, { origin: 'a' })).toMatchObject({ kind: 'stored' })
    expect(await stateBefore(b, again)).toEqual([create.eventId])
    expect(b.input.counters.statesDiffered).toBe(1)
  })
})
