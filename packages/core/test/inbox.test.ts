import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { openStorage, type Storage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { type Failures, type Logger, RoomserverError, silentLogger } from '@roomserver/types'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { FetchMissing } from '../src/index.ts'
import { Homeserver, inputOf } from './homeserver.ts'

/** The test holds the clock by which the inbox waits; turns of the event loop and the store go on. */
const holdClock = () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })

/** Everything that happens without time passing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await settle()
}

/** Closes what may wait for time to pass. */
async function close(hs: Homeserver): Promise<void> {
  let isClosed = false
  const closed = hs[Symbol.asyncDispose]().finally(() => (isClosed = true))
  while (!isClosed && vi.isFakeTimers()) await pass(2_000)
  await closed
  vi.useRealTimers()
}

/** A homeserver, what it logs, and a room that it has. */
async function started(deps: ConstructorParameters<typeof Homeserver>[1] = {}, store?: Storage) {
  const logged: unknown[] = []
  const note = (fields: unknown, message: string) => void logged.push([message, fields])
  const log: Logger = { ...silentLogger, warn: note, error: note }
  const storage = store ?? (await openStorage({ dialect: 'sqlite', file: ':memory:' }))
  const hs = new Homeserver(storage, { log, ...deps })
  onTestFinished(() => close(hs))
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  return { hs, room, logged }
}

const queue = (hs: Homeserver, ...events: readonly Pdu[]) =>
  hs.input.inputRoomEvents({ input_room_events: events.map((event) => inputOf(event)), async: true })

const rowOf = (event: Pdu) => ({ roomId: event.roomId, payload: JSON.stringify(inputOf(event)) })

const waiting = async (hs: Homeserver): Promise<number> => (await hs.storage.inbox(0, 10_000)).length

describe('a queued event', () => {
  it.each([1, 2])('is taken off the inbox though it changes nothing (%i of them)', async (count) => {
    const { hs, room } = await started()
    await queue(hs, ...room.events.slice(-count))
    await hs.input.settled()
    expect(await waiting(hs)).toBe(0)
  })

  it('is answered before it is decided upon', async () => {
    const { hs, room } = await started()
    const gate = Promise.withResolvers<void>()
    const { commit } = hs.storage
    vi.spyOn(hs.storage, 'commit').mockImplementation((sets) => gate.promise.then(() => commit(sets)))
    const event = await room.message('later')
    expect(await queue(hs, event)).toEqual({ ErrMsg: '', NotAllowed: false })
    expect(await hs.event(event.eventId)).toBeUndefined()
    expect(await waiting(hs)).toBe(1)
    gate.resolve()
    await hs.input.settled()
    expect(await hs.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
  })

  it.each(['STORE_UNAVAILABLE', 'OVERLOADED', 'ROOM_QUARANTINED'] satisfies (keyof Failures)[])(
    'is decided upon two seconds later where that failed by %s, and again until it does not',
    async (code) => {
      const { hs, room } = await started()
      const { commit } = hs.storage
      const error = new RoomserverError(code, {} as never, 'not now')
      let failures = 2
      const tried = vi.spyOn(hs.storage, 'commit').mockImplementation(async (sets) => {
        return failures-- > 0 ? sets.map(() => ({ kind: 'failed', error })) : commit(sets)
      })
      const event = await room.message('later')
      await queue(hs, event)
      holdClock()
      await settle()
      expect(tried).toHaveBeenCalledTimes(1)
      await pass(1_999)
      expect(tried).toHaveBeenCalledTimes(1)
      await pass(1)
      expect(tried).toHaveBeenCalledTimes(2)
      await pass(2_000)
      expect(await hs.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
      expect(await waiting(hs)).toBe(0)
    },
  )

  it('stays in the inbox where the server failed by itself, until another start, and holds nothing up', async () => {
    const { hs, room, logged } = await started({ holder: 'one' })
    const error = new RangeError('a bug')
    vi.spyOn(hs.storage, 'commit').mockResolvedValueOnce([{ kind: 'failed', error }])
    const prev = room.extremities
    const broken = await room.message('broken', { prev })
    const lost = await room.message('lost', { prev })
    const orphan = await room.message('orphan', { prev: [lost] })
    await queue(hs, broken)
    await hs.input.settled()
    const position = (await hs.storage.inbox(0, 10))[0]?.position
    expect(logged).toContainEqual([
      'could not process queued event; keeping it in the inbox',
      { event_id: broken.eventId, position, err: error },
    ])
    // It is not tried again and again, nor is it what others of its room wait for.
    await hs.input.takeOver()
    await queue(hs, orphan)
    await hs.input.settled()
    expect(logged.at(-1)).toEqual([
      'queued event was not stored',
      {
        event_id: orphan.eventId,
        reason: `missing prev events ${lost.eventId}, and no server could be asked for them`,
      },
    ])
    expect((await hs.storage.inbox(0, 10)).map((item) => item.position)).toEqual([position])
    expect(await hs.event(broken.eventId)).toBeUndefined()

    const next = hs.beside({ holder: 'two' })
    await next.input.resume()
    expect(await next.event(broken.eventId)).toMatchObject({ verdict: 'accepted' })
    expect(await waiting(hs)).toBe(0)
    await next.input.close()
  })

  it.each([
    ['refused', (room: RoomBuilder) => room.addCreate({ 'org.example.again': true }), 'another create event'],
    ['rejected', (room: RoomBuilder) => room.message('not in', { sender: '@eve:e' }), '@eve:e is not joined'],
  ])('is let go where it was %s, and the log says why', async (_what, build, reason) => {
    const { hs, room, logged } = await started()
    const event = await build(room)
    await queue(hs, event)
    await hs.input.settled()
    expect(await waiting(hs)).toBe(0)
    expect(logged).toEqual([
      ['queued event was not stored', { event_id: event.eventId, reason: expect.stringContaining(reason) }],
    ])
  })
})

describe('a queued event that lacks something', () => {
  /** What another process holds and has not decided upon, and an event of ours behind it. */
  async function behind(before: (room: RoomBuilder) => Promise<readonly Pdu[]>) {
    const { hs, room, logged } = await started()
    await hs.storage.takeLease('another', 'it', 600_000)
    const lost = await room.message('lost')
    const orphan = await room.message('orphan')
    const rows = (await before(room)).map(rowOf)
    if (rows.length > 0) await hs.storage.enqueue(rows, 'another')
    const looks = vi.spyOn(hs.storage, 'inbox')
    holdClock()
    await queue(hs, orphan)
    await settle()
    return { hs, room, logged, lost, orphan, looks }
  }

  const aside = (room: RoomBuilder) => room.message('aside', { prev: room.events.slice(3, 4) })
  const elsewhere = (count: number) =>
    RoomBuilder.create({ roomId: '!other:a' }).then(({ events: [event] }) =>
      event === undefined ? [] : Array<Pdu>(count).fill(event),
    )

  it('looks again and again, at longer times, whether what is before it is settled', async () => {
    const { hs, room, looks, lost, orphan } = await behind(async (own) => [await aside(own)])
    const pauses: number[] = []
    for (let round = 0; round < 8; round++) {
      const before = looks.mock.calls.length
      let waited = 0
      for (; looks.mock.calls.length === before; waited += 100) await pass(100)
      pauses.push(waited)
    }
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000])
    await hs.take(lost)
    await pass(2_000)
    expect(await hs.extremities(room.roomId)).toContain(orphan.eventId)
  })

  it.each([
    ['nothing is before it', () => Promise.resolve([])],
    ['only events of other rooms are', () => elsewhere(1)],
    ['very many events of other rooms are', () => elsewhere(501)],
  ])('is let go at once where %s', async (_what, before) => {
    const { hs, logged, orphan } = await behind(before)
    expect(logged).toMatchObject([['queued event was not stored', { event_id: orphan.eventId }]])
    expect(await hs.storage.heldInbox('another', 0, 1_000)).toHaveLength(await waiting(hs))
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([499, 500, 501])('waits for one of its room that is behind %i of other rooms', async (count) => {
    const { logged } = await behind(async (room) => [...(await elsewhere(count)), await aside(room)])
    expect(logged).toEqual([])
    expect(vi.getTimerCount()).toBe(1)
  })

  it('waits for none that comes after it', async () => {
    const { hs, logged, room, orphan } = await behind(async (own) => [await aside(own)])
    await hs.storage.enqueue([rowOf(await aside(room))], 'another')
    const [first] = await hs.storage.heldInbox('another', 0, 1)
    await hs.storage.dropInbox([first?.position ?? 0])
    await pass(100)
    expect(logged).toMatchObject([['queued event was not stored', { event_id: orphan.eventId }]])
  })

  /** Events that lack `count` others, of which one comes each time that somebody is asked for them. */
  async function comingOneByOne(count: number, kind: number) {
    const lost: Pdu[] = []
    const fetchMissing = vi.fn<FetchMissing>(async () => {
      const next = lost.shift()
      if (next !== undefined) await hs.take(next, { kind })
      return { kind: 'failed', reason: 'nobody knows' }
    })
    const { hs, room, logged } = await started({ fetchMissing })
    const prev = room.extremities
    for (let i = 0; i < count; i++) lost.push(await room.message(`${i}`, { prev }))
    const event = await room.message('needs all of them', { prev: [...lost] })
    await queue(hs, event)
    await hs.input.settled()
    expect(await waiting(hs)).toBe(0)
    return { taken: (await hs.event(event.eventId)) !== undefined, fetchMissing, logged }
  }

  it('is decided upon again where something of that has come meanwhile', async () => {
    expect(await comingOneByOne(1, InputKind.new)).toMatchObject({ taken: true, logged: [] })
  })

  it.each([
    [4, 4, true],
    [5, 5, false],
    [6, 5, false],
  ])('of %i that come one by one, it is for %i asked for and let go then', async (count, asked, taken) => {
    const came = await comingOneByOne(count, InputKind.new)
    expect(came.fetchMissing).toHaveBeenCalledTimes(asked)
    expect(came.taken).toBe(taken)
    expect(came.logged).toHaveLength(taken ? 0 : 1)
  })

  it('is not helped by a prev event that has come beside the graph only', async () => {
    const came = await comingOneByOne(1, InputKind.outlier)
    expect(came.fetchMissing).toHaveBeenCalledTimes(1)
    expect(came.taken).toBe(false)
  })

  it('is helped by an auth event that has come beside the graph', async () => {
    let join: Pdu | undefined
    const fetchMissing: FetchMissing = async () => {
      if (join !== undefined) await hs.take(join, { kind: InputKind.outlier })
      return { kind: 'failed', reason: 'nobody knows' }
    }
    const { hs, room } = await started({ fetchMissing })
    const prev = room.extremities
    join = await room.join('@bob:b')
    const hers = await room.message('mine', {
      prev,
      auth: [...room.events.slice(0, 1), ...room.events.slice(1, 3), join],
    })
    await queue(hs, hers)
    await hs.input.settled()
    expect(await hs.event(hers.eventId)).toBeDefined()
  })
})

describe('what is left behind', () => {
  it.each([499, 500, 501, 1_001])('is taken up, all %i events of it', async (count) => {
    const { hs, room } = await started()
    const prev = room.extremities
    const event = await room.message('again and again', { prev })
    await hs.storage.enqueue(Array<ReturnType<typeof rowOf>>(count).fill(rowOf(event)), 'gone')
    await hs.input.resume()
    expect(await waiting(hs)).toBe(0)
    expect(await hs.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
  })

  it('is taken up once by who is asked for it twice at once', async () => {
    const { hs, room } = await started()
    await hs.storage.enqueue([rowOf(await room.message('left'))], 'gone')
    const claims = vi.spyOn(hs.storage, 'claimInbox')
    await Promise.all([hs.input.takeOver(), hs.input.takeOver()])
    await hs.input.settled()
    expect(claims).toHaveBeenCalledTimes(1)
    expect(await waiting(hs)).toBe(0)
    await hs.input.takeOver()
    expect(claims).toHaveBeenCalledTimes(2)
  })

  /** A store that does what it is told to, and the answer is lost. */
  async function losingAnswers() {
    const base = await openStorage({ dialect: 'sqlite', file: ':memory:' })
    let isCut = false
    const store: Storage = {
      ...base,
      enqueue: async (...call) => {
        const positions = await base.enqueue(...call)
        if (isCut) throw new RoomserverError('STORE_UNAVAILABLE', { reason: 'cut' }, 'the connection was cut')
        return positions
      },
    }
    const start = await started({ holder: 'us' }, store)
    return { ...start, cut: (now: boolean) => void (isCut = now) }
  }

  it.each([1, 500, 501])('by an answer that was lost, is found (%i events)', async (count) => {
    const { hs, room, cut } = await losingAnswers()
    const event = await room.message('queued without our knowing')
    cut(true)
    await expect(queue(hs, ...Array<Pdu>(count).fill(event))).rejects.toThrow('the connection was cut')
    cut(false)
    expect(await waiting(hs)).toBe(count)
    await hs.input.takeOver()
    await hs.input.settled()
    expect(await waiting(hs)).toBe(0)
    expect(await hs.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
  })

  it('by an answer that was lost, is looked for twelve times', async () => {
    const { hs, room, cut } = await losingAnswers()
    const looks = vi.spyOn(hs.storage, 'heldInbox')
    await hs.input.takeOver()
    expect(looks).not.toHaveBeenCalled()
    cut(true)
    await expect(queue(hs, await room.message('one'))).rejects.toThrow('cut')
    for (let i = 0; i < 15; i++) await hs.input.takeOver()
    expect(looks).toHaveBeenCalledTimes(12)
  })
})

it('tries what waits for the store no more when it is closed', async () => {
  const { hs, room } = await started()
  const error = new RoomserverError('STORE_UNAVAILABLE', { reason: 'down' }, 'down')
  const tried = vi
    .spyOn(hs.storage, 'commit')
    .mockImplementation(async (sets) => sets.map(() => ({ kind: 'failed', error })))
  await queue(hs, await room.message('later'))
  holdClock()
  await settle()
  const closing = hs.input.close()
  await pass(2_000)
  await closing
  expect(tried.mock.calls.length).toBeLessThanOrEqual(2)
  expect(await waiting(hs)).toBe(1)
})
