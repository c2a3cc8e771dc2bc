import type { ArrivedEvent, InspectionApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { openStorage, type Storage } from '@roomserver/storage'
import { createDatabase, RoomBuilder } from '@roomserver/testing'
import { systemClock } from '@roomserver/types'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createRoomInspection } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

describe.each(['sqlite', 'postgres'] as const)('what arrives in all rooms of a store on %s', (dialect) => {
  const opened = new AsyncDisposableStack()
  let hs: Homeserver
  let api: InspectionApi

  beforeAll(async () => {
    hs = opened.use(new Homeserver(await store()))
    // It reads the store as a command beside the server does.
    api = createRoomInspection({
      store: hs.storage,
      cache: hs.cache,
      clock: systemClock,
      serverName: 'a',
    })
  })

  afterAll(() => opened.disposeAsync())

  async function store(): Promise<Storage> {
    if (dialect === 'sqlite') return await openStorage({ dialect, file: ':memory:' })
    const database = opened.use(await createDatabase(inject('postgresUrl')))
    return await openStorage({ dialect, connectionString: database.url })
  }

  /** All pages from a cursor to the latest event. */
  async function arrivedSince(cursor: string, limit: number) {
    const arrivals: ArrivedEvent[] = []
    let next = cursor
    for (;;) {
      const page = await api.arrivals({ cursor: next, limit })
      expect(page.arrivals.length).toBeLessThanOrEqual(limit)
      arrivals.push(...page.arrivals)
      next = page.next
      if (page.is_latest) return { arrivals, next }
    }
  }

  const now = async (): Promise<string> => (await api.arrivals({ cursor: '', limit: 0 })).next
  const idsOf = (arrivals: readonly ArrivedEvent[]) => arrivals.map(({ event }) => event.event_id)

  it('gives the events of all rooms in their order, with verdicts and what they changed', async () => {
    const one = await RoomBuilder.create({ roomId: '!one:a' })
    await hs.takeAll(one.events)
    const start = await now()
    const two = await RoomBuilder.create({ roomId: '!two:a' })
    await two.state('m.room.name', '', { name: 'Two' })
    const refused = await one.state('m.room.topic', '', { topic: 'mine' }, { sender: '@stranger:b' })
    const topic = await one.state('m.room.topic', '', { topic: 'ours' })
    const message = await two.message('hello')
    const order = [refused, ...two.events.slice(0, -1), topic, message]
    await hs.takeAll(order)
    const { arrivals, next } = await arrivedSince(start, 2)
    expect(idsOf(arrivals)).toEqual(order.map(({ eventId }) => eventId))
    const [first] = arrivals
    expect(first).toMatchObject({
      room_id: '!one:a',
      room_name: '',
      event: { status: 'rejected' },
      verdict: { verdict: 'rejected-by-auth-events' },
      changes: [],
    })
    expect(first?.verdict.rule?.rule).not.toBe('')
    expect(first?.verdict.reason).not.toBe('')
    const set = arrivals.find(({ event }) => event.event_id === topic.eventId)
    expect(set?.changes).toMatchObject([{ type: 'm.room.topic', to: { event_id: topic.eventId } }])
    expect(arrivals.at(-1)).toMatchObject({ room_id: '!two:a', room_name: 'Two', changes: [] })
    // A cursor goes on where it was, once and again, and whatever came meanwhile.
    expect((await arrivedSince(start, 500)).arrivals).toEqual(arrivals)
    expect(await api.arrivals({ cursor: next, limit: 0 })).toEqual({ arrivals: [], next, is_latest: true })
    const more = await two.message('and more')
    await hs.take(more)
    expect(idsOf((await arrivedSince(next, 500)).arrivals)).toEqual([more.eventId])
  })

  it('tells each change with the event that made it, on whatever page that is', async () => {
    const room = await RoomBuilder.create({ roomId: '!forked:a' })
    await room.join('@bob:b')
    const levels = await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, '@bob:b': 50 } })
    await hs.takeAll(room.events)
    const start = await now()
    const before = room.events.length
    const topic = await room.state('m.room.topic', '', { topic: 'lost' }, { sender: '@bob:b' })
    const seen = await room.message('seen', { sender: '@bob:b' })
    const users = { '@alice:a': 100 }
    const demotion = await room.state('m.room.power_levels', '', { users }, { prev: [levels] })
    await room.message('both', { prev: [seen, demotion] })
    for (let at = 0; at < 120; at++) await room.state('m.room.name', '', { name: `name ${at}` })
    await hs.takeAll(room.events.slice(before))
    const { arrivals } = await arrivedSince(start, 7)
    expect(idsOf(arrivals)).toEqual(room.events.slice(before).map(({ eventId }) => eventId))
    const journal = await api.journal({
      room_id: '!forked:a',
      resets_only: false,
      type: '',
      state_key: '',
      cursor: '',
      limit: arrivals.flatMap(({ changes }) => changes).length,
    })
    // Names and extremities in the events are those of now.
    const kernel = ({ is_reset, revision, type }: (typeof journal.entries)[number]) => ({
      revision,
      type,
      is_reset,
    })
    const told = arrivals.flatMap(({ changes }) => changes)
    expect(told.map(kernel)).toEqual(journal.entries.toReversed().map(kernel))
    expect(told.some(({ is_reset }) => is_reset)).toBe(true)
    expect(told.find(({ to }) => to?.event_id === topic.eventId)).toBeDefined()
    expect(told.length).toBeGreaterThan(120)
  })

  it('misses nothing of a process that uses lower numbers than another', async () => {
    const room = await RoomBuilder.create({ roomId: '!slow:a' })
    await hs.takeAll(room.events)
    const other = hs.beside()
    try {
      // It takes its numbers out of a range behind the one that the first process has in stock.
      const busy = await RoomBuilder.create({ roomId: '!busy:a' })
      await other.takeAll(busy.events)
      const start = await now()
      const quick = await busy.message('quick')
      await other.take(quick)
      const { arrivals, next } = await arrivedSince(start, 10)
      expect(idsOf(arrivals)).toEqual([quick.eventId])
      const [late, later] = [await room.message('late'), await room.message('later')]
      await hs.takeAll([late, later])
      const nidOf = async ({ eventId }: Pdu) => (await hs.event(eventId))?.nid ?? 0
      expect(await nidOf(late)).toBeLessThan(await nidOf(quick))
      expect(idsOf((await arrivedSince(next, 1)).arrivals)).toEqual([late.eventId, later.eventId])
    } finally {
      await other.input.close()
    }
  })

  it('refuses what is not a cursor of its own', async () => {
    for (const cursor of ['x', '5-3.9', '$event'])
      await expect(api.arrivals({ cursor, limit: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(api.arrivals({ cursor: '', limit: 501 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
