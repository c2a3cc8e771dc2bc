import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { isFailure, type Logger, RoomserverError, silentLogger } from '@roomserver/types'
import { expect, it, vi } from 'vitest'
import type { FetchMissing } from '../src/index.ts'
import { Homeserver, inputOf } from './homeserver.ts'

const rooms = (count: number): Promise<readonly RoomBuilder[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => RoomBuilder.create({ roomId: `!room${i}:a` })))

it('decides tasks of a room in the order in which they came, and rooms side by side', async () => {
  await using hs = await Homeserver.start()
  const many = await rooms(5)
  for (const room of many) for (let i = 0; i < 20; i++) await room.message(`${i}`)
  const outcomes = await Promise.all(many.flatMap((room) => room.events.map((event) => hs.take(event))))
  expect(outcomes.every((outcome) => outcome.kind === 'stored' && outcome.verdict === 'accepted')).toBe(true)
  for (const room of many) {
    expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
  }
  // What waited in a room was decided together: far fewer write sets than events.
  expect(hs.input.counters.commits).toBeLessThan(40)
})

it.each([12, 13, 25])('gives each of %i rooms its turn that are ready at once', async (count) => {
  const base = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  // As on PostgreSQL, where rooms go on a portion at a time.
  await using hs = new Homeserver({ ...base, commitsElsewhere: true })
  const many = await rooms(count)
  await hs.takeAll(many.flatMap((room) => room.events))
  const messages = await Promise.all(many.map((room) => room.message('at once')))
  const outcomes = await Promise.all(messages.map((message) => hs.take(message)))
  expect(outcomes.every((outcome) => outcome.kind === 'stored' && !outcome.known)).toBe(true)
  for (const [index, room] of many.entries())
    expect(await hs.extremities(room.roomId)).toEqual([messages[index]?.eventId])
})

it('answers asynchronous input when it is safe, and takes it up again after a stop', async () => {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let i = 0; i < 10; i++) await room.message(`${i}`)
  // A process that answered and died before it decided anything.
  const rows = room.events.map((event) => ({ roomId: room.roomId, payload: JSON.stringify(inputOf(event)) }))
  await hs.storage.enqueue(rows, 'gone')
  expect(await hs.storage.room(room.roomId)).toBeUndefined()
  await hs.input.resume()
  expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
  expect(await hs.storage.inbox(0, 100)).toEqual([])

  const next = await room.message('asynchronous')
  const answer = await hs.input.inputRoomEvents({ input_room_events: [inputOf(next)], async: true })
  expect(answer).toEqual({ ErrMsg: '', NotAllowed: false })
  // A stop before it is begun would leave it in the inbox.
  await expect.poll(() => hs.storage.inbox(0, 100)).toEqual([])
  expect(await hs.extremities(room.roomId)).toEqual([next.eventId])
  await hs.input.close()
  await hs[Symbol.asyncDispose]()
})

it('takes up what another process left behind, and waits for what came before', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const last = await room.message('last')
  const rows = room.events.map((event) => ({ roomId: room.roomId, payload: JSON.stringify(inputOf(event)) }))
  // Another process answered these, and is alive.
  await hs.storage.takeLease('another', 'it', 60_000)
  await hs.storage.enqueue(rows.slice(0, -1), 'another')
  await hs.input.inputRoomEvents({ input_room_events: [inputOf(last)], async: true })
  await hs.input.takeOver()
  expect(await hs.storage.heldInbox('another', 0, 100)).toHaveLength(rows.length - 1)
  expect(await hs.event(last.eventId)).toBeUndefined()
  await hs.storage.releaseLease('another', 'it')
  await hs.input.takeOver()
  await expect.poll(() => hs.storage.inbox(0, 100)).toEqual([])
  expect(await hs.extremities(room.roomId)).toEqual([last.eventId])
})

it('shares what is left behind between processes, each item decided upon by one', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let i = 0; i < 30; i++) await room.message(`${i}`)
  const rows = room.events.map((event) => ({ roomId: room.roomId, payload: JSON.stringify(inputOf(event)) }))
  await hs.storage.enqueue(rows, 'gone')
  await using beside = hs.beside({ holder: 'beside' })
  await hs.storage.takeLease('beside', 'it', 60_000)
  await Promise.all([beside.input.resume(), hs.input.resume()])
  expect(await hs.storage.inbox(0, 100)).toEqual([])
  expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
  expect(hs.input.counters.commits * beside.input.counters.commits).toBe(0)
})

it.each(['before', 'after'])('takes up input whose claim failed %s it was stored', async (when) => {
  const hs = await Homeserver.start()
  let isDown = true
  const claimInbox: typeof hs.storage.claimInbox = async (...claim) => {
    const isLost = isDown
    isDown = false
    const claimed = isLost && when === 'before' ? [] : await hs.storage.claimInbox(...claim)
    if (isLost) throw new RoomserverError('STORE_UNAVAILABLE', { reason: 'cut' }, 'the connection was cut')
    return claimed
  }
  const room = await RoomBuilder.create()
  const rows = room.events.map((event) => ({ roomId: room.roomId, payload: JSON.stringify(inputOf(event)) }))
  await hs.storage.enqueue(rows, 'gone')
  await using beside = new Homeserver({ ...hs.storage, claimInbox })
  await expect(beside.input.takeOver()).rejects.toThrow('cut')
  await beside.input.takeOver()
  await expect.poll(() => hs.storage.inbox(0, 100)).toEqual([])
  await hs.input.close()
})

it('leaves queued input that waits for what came before in the inbox when it stops', async () => {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const last = await room.message('last')
  const rows = room.events.map((event) => ({ roomId: room.roomId, payload: JSON.stringify(inputOf(event)) }))
  await hs.storage.enqueue(rows.slice(0, -1), 'gone')
  await hs.input.inputRoomEvents({ input_room_events: [inputOf(last)], async: true })
  await hs.input.close()
  expect(await hs.storage.inbox(0, 100)).toHaveLength(room.events.length)
  await hs[Symbol.asyncDispose]()
})

it('settles queued events that are refused, and keeps their order with those that are not', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const lost = await room.message('lost')
  const orphan = await room.message('orphan')
  const fine = await room.message('fine', { prev: room.events.slice(3, 4) })
  const events = room.events.filter((event) => event !== lost)
  await hs.input.inputRoomEvents({ input_room_events: events.map((event) => inputOf(event)), async: true })
  await expect.poll(() => hs.storage.inbox(0, 100)).toEqual([])
  expect(await hs.event(orphan.eventId)).toBeUndefined()
  expect(await hs.event(fine.eventId)).toMatchObject({ verdict: 'accepted' })
})

it('refuses more than it may hold, with a hint when to try again, and recovers', async () => {
  await using hs = await Homeserver.start({}, { maxRoomBytesInFlight: 20_000 })
  const [room, quiet] = (await rooms(2)) as [RoomBuilder, RoomBuilder]
  await hs.takeAll([...room.events, ...quiet.events])
  for (let i = 0; i < 40; i++) await room.message(`${i}`)
  const flood = Promise.allSettled(room.events.slice(4).map((event) => hs.take(event)))
  // The room next door does not notice.
  expect(await hs.take(await quiet.message('hello'))).toMatchObject({ verdict: 'accepted' })
  const refused = (await flood).filter((result) => result.status === 'rejected')
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.every(({ reason }) => isFailure(reason, 'OVERLOADED'))).toBe(true)
  expect(refused[0]).toMatchObject({ reason: { details: { retryAfterMs: 1000 } } })
  expect(hs.input.rooms.bytesInFlight).toBe(0)
  for (const event of room.events) await hs.take(event)
  expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
})

it('decides again when another process was faster', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  const other = hs.beside()
  const fork = room.extremities
  const messages: Pdu[] = []
  for (let i = 0; i < 30; i++) messages.push(await room.message(`${i}`, { prev: fork }))
  const topic = await room.state('m.room.topic', '', { topic: 'x' }, { prev: fork })
  await Promise.all([...messages, topic].map((event, i) => (i % 2 === 0 ? hs : other).take(event)))
  const { nid, outputSeq } = await hs.room(room.roomId)
  expect(await hs.extremities(room.roomId)).toHaveLength(31)
  expect(await hs.current(room.roomId)).toContain(topic.eventId)
  const outputs = (await hs.storage.outputs(0, 1000)).filter((output) => output.roomNid === nid)
  expect(outputs.map((output) => output.seq)).toEqual(outputs.map((_, index) => index + 1))
  expect(outputSeq).toBe(outputs.length)
  expect(hs.input.counters.conflicts + other.input.counters.conflicts).toBeGreaterThan(0)
  await other.input.close()
})

it('sets a room aside in which something is broken, and goes on with the others', async () => {
  const errors: string[] = []
  const log: Logger = { ...silentLogger, error: (_fields, message) => errors.push(message) }
  await using hs = await Homeserver.start({ log })
  const [broken, sound] = (await rooms(2)) as [RoomBuilder, RoomBuilder]
  await hs.takeAll([...broken.events, ...sound.events])
  const task = (roomId: string) =>
    hs.input.runTask({
      roomId,
      version: '10',
      name: 'broken',
      bytes: 1,
      // oxlint-disable-next-line require-yield -- it breaks before it could ask for anything
      *decide() {
        throw new RangeError('a bug')
      },
    })
  const mixed = await Promise.allSettled([task(broken.roomId), hs.take(await broken.message('beside it'))])
  expect(mixed.map((result) => result.status)).toEqual(['rejected', 'fulfilled'])
  for (let i = 0; i < 3; i++) await expect(task(broken.roomId)).rejects.toThrow('a bug')
  await expect(hs.take(await broken.message('hello?'))).rejects.toMatchObject({ code: 'ROOM_QUARANTINED' })
  expect(await hs.take(await sound.message('hello'))).toMatchObject({ verdict: 'accepted' })
  expect(errors).toContain('room quarantined')
  hs.input.rooms.quarantine.release(broken.roomId)
  expect(await hs.take(await broken.message('again', { prev: broken.events.slice(4, 5) }))).toMatchObject({
    verdict: 'accepted',
  })
})

it('takes nothing new when it stops, and finishes what it has', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let i = 0; i < 50; i++) await room.message(`${i}`)
  const taken = Promise.all(room.events.map((event) => hs.take(event)))
  await hs.input.close()
  await taken
  expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
  await expect(hs.take(await room.message('late'))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' })
})

it('names the step at which a room is stuck', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const warnings: unknown[] = []
  const log: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) }
  let now = 0
  const hs = await Homeserver.start({ log, clock: { now: () => now } })
  const room = await RoomBuilder.create()
  let open: (() => void) | undefined
  const gate = new Promise<void>((resolve) => (open = resolve))
  const { commit } = hs.storage
  vi.spyOn(hs.storage, 'commit').mockImplementation(async (sets) => gate.then(() => commit(sets)))
  const taken = hs.take(room.events[0] as Pdu)
  await expect.poll(() => hs.input.rooms.busy[0]?.step).toBe('committing')
  now = 60_000
  vi.advanceTimersByTime(5000)
  expect(warnings).toMatchObject([{ room_id: room.roomId, step: 'committing', waited_ms: 60_000 }])
  open?.()
  await taken
  vi.useRealTimers()
  await hs[Symbol.asyncDispose]()
})

it('fetches missing events outside the turn of the room, and goes on when they are there', async () => {
  const room = await RoomBuilder.create()
  const start = [...room.events]
  const lost = await room.message('lost')
  const event = await room.message('found')
  let hs: Homeserver | undefined
  const fetchMissing = vi.fn<FetchMissing>(async (_input, missing) => {
    expect(missing).toMatchObject({ prev: [lost.eventId], auth: [] })
    // The room is not held up meanwhile.
    const aside = await room.message('aside', { prev: start.slice(-1) })
    expect(await hs?.take(aside)).toMatchObject({ verdict: 'accepted' })
    await hs?.take(lost, { kind: InputKind.new })
    return { kind: 'filled' }
  })
  hs = await Homeserver.start({ fetchMissing })
  await hs.takeAll(start)
  expect(await hs.take(event)).toMatchObject({ verdict: 'accepted' })
  expect(fetchMissing).toHaveBeenCalledTimes(1)
  await hs[Symbol.asyncDispose]()
})

it('takes an event on a state that was fetched for it, without forgetting what it knows of the room', async () => {
  const room = await RoomBuilder.create()
  const state = [...room.events]
  await room.message('too far back')
  const event = await room.message('after a gap')
  const fetchMissing: FetchMissing = async () => ({
    kind: 'state',
    eventIds: state.map((one) => one.eventId),
  })
  await using hs = await Homeserver.start({ fetchMissing })
  await hs.takeAll(state)
  expect(await hs.take(event)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual(
    [event.eventId, state.at(-1)?.eventId as string].toSorted(),
  )
  expect((await hs.outputs()).at(-1)?.new_room_event?.rewrites_state).toBeUndefined()
})

it('remembers which event a transaction made', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  const event = await room.message('once')
  await hs.take(event, { transaction_id: { session_id: 4, id: 'txn' }, send_as_server: 'a' })
  expect(await hs.storage.transactionEvent(4, 'txn', '@alice:a')).toBe(event.eventId)
  expect((await hs.outputs()).at(-1)?.new_room_event).toMatchObject({
    transaction_id: { session_id: 4, id: 'txn' },
    send_as_server: 'a',
  })
})
