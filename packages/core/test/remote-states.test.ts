import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { openStorage, type Storage } from '@roomserver/storage'
import { createDatabase, RoomBuilder } from '@roomserver/testing'
import type { CommitResult, EventNid, WriteSet } from '@roomserver/types'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { type Outcome, auditRoom } from '../src/index.ts'
import { eventTask } from '../src/input/event-task.ts'
import { Homeserver, type Output } from './homeserver.ts'

const CITED = ['m.room.create', 'm.room.power_levels']
const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

let open: AsyncDisposable[] = []

afterEach(async () => {
  for (const one of open.toReversed()) await one[Symbol.asyncDispose]()
  open = []
})

const databases: readonly [string, () => Promise<Storage>][] = [
  ['SQLite', () => openStorage({ dialect: 'sqlite', file: ':memory:' })],
  [
    'PostgreSQL',
    async () => {
      const database = await createDatabase(inject('postgresUrl'))
      open.push(database)
      return await openStorage({ dialect: 'postgres', connectionString: database.url, maxConnections: 4 })
    },
  ],
]

/** Takes an event in at a state that another server gives. */
async function takeAtState(
  hs: Homeserver,
  pdu: Pdu,
  state: readonly Pdu[],
  kind: 'new' | 'old' = 'new',
): Promise<Outcome> {
  for (const event of state) await hs.take(event, { kind: InputKind.outlier })
  const stateBefore = { by: 'repair', eventIds: idsOf(state) } as const
  const input = { kind, pdu, sendAsServer: '', stateBefore, isAskedFor: kind === 'old' }
  return await hs.input.decideOn(input, (given) => hs.input.runTask(eventTask(given)))
}

/** How often an event was announced as new. */
function timesNew(outputs: readonly Output[], { eventId }: Pdu): number {
  const events = outputs.flatMap(({ new_room_event: announced }) =>
    announced === undefined ? [] : [announced],
  )
  return events.filter(({ event, rewrites_state: again }) => event._event_id === eventId && again !== true)
    .length
}

/** The current state as the outputs tell of it. */
function announcedState(outputs: readonly Output[]): readonly string[] {
  const state = new Set<string>()
  for (const { new_room_event: announced } of outputs) {
    if (announced?.rewrites_state === true) state.clear()
    for (const id of announced?.removes_state_event_ids ?? []) state.delete(id)
    for (const id of announced?.adds_state_event_ids ?? []) state.add(id)
  }
  return [...state].toSorted()
}

/** Whether everything that is stored of a room follows from its events, and consumers have heard of it. */
async function expectWhole(hs: Homeserver, { roomId }: RoomBuilder): Promise<void> {
  const wrong: string[] = []
  const source = { store: hs.storage, eventsOfRoom: hs.storage.eventsOfRoom }
  for await (const what of auditRoom(source, await hs.room(roomId))) wrong.push(what)
  expect(wrong).toEqual([])
  expect(announcedState(await hs.outputs())).toEqual(await hs.current(roomId))
}

/** What still stands at a remote state. */
async function unsettled(hs: Homeserver, { roomId }: RoomBuilder): Promise<readonly string[]> {
  const { nid } = await hs.room(roomId)
  const records = (await hs.storage.remoteStates(nid)).filter(({ isVerified }) => !isVerified)
  return (await hs.storage.eventsByNid(records.map(({ event }) => event))).map(({ eventId }) => eventId)
}

describe.each(databases)('remote state, on %s', (_name, openStore) => {
  async function start(): Promise<Homeserver> {
    const hs = new Homeserver(await openStore(), { serverName: 'b' })
    open.push(hs)
    return hs
  }

  /**
   * Our server has the room as it was made, and has not heard of what came then: that carol joined. It is told of `late`
   * without that, and of what she says upon it.
   */
  async function carolLeftOut() {
    const hs = await start()
    const room = await RoomBuilder.create()
    await room.join('@bob:b')
    await hs.takeAll(room.events)
    const state = [...room.events]
    const join = await room.join('@carol:c')
    const aside = await room.message('aside')
    const late = await room.message('late')
    expect(await takeAtState(hs, late, state)).toMatchObject({ verdict: 'accepted' })
    const hers = await room.message('mine', { sender: '@carol:c' })
    await hs.take(join, { kind: InputKind.outlier })
    expect(await hs.take(hers)).toMatchObject({ verdict: 'rejected-by-state' })
    return { hs, room, join, aside, late, hers }
  }

  it('no more counts when the past has come: who was left out speaks after all', async () => {
    const { hs, room, join, aside, late, hers } = await carolLeftOut()
    const upon = await room.state('m.room.topic', '', { topic: 'one' }, { prev: [hers] })
    expect(await hs.take(upon)).toMatchObject({ verdict: 'accepted' })
    const last = await room.message('and mine', { sender: '@carol:c' })
    expect(await hs.take(last)).toMatchObject({ verdict: 'rejected-by-state' })
    expect(await hs.extremities(room.roomId)).toContain(upon.eventId)
    expect(await unsettled(hs, room)).toEqual([late.eventId])

    await hs.take(join)
    await hs.input.settled()
    expect(await hs.event(hers.eventId)).toMatchObject({ verdict: 'rejected-by-state' })
    await hs.take(aside)
    await hs.input.settled()
    expect(await unsettled(hs, room)).toEqual([])
    for (const event of [hers, last]) {
      expect(await hs.event(event.eventId)).toMatchObject({ verdict: 'accepted', rule: undefined })
      expect(timesNew(await hs.outputs(), event)).toBe(1)
    }
    expect(await hs.current(room.roomId)).toContain(join.eventId)
    expect(await hs.extremities(room.roomId)).toEqual([last.eventId])
    expect(await hs.storage.membership((await hs.room(room.roomId)).nid, '@carol:c')).toMatchObject({
      membership: 'join',
    })
    await expectWhole(hs, room)
  })

  it('lets a redaction take effect that was rejected for it', async () => {
    const { hs, room, join, aside, late } = await carolLeftOut()
    const oops = await room.message('oops', { sender: '@carol:c', prev: [late] })
    const redaction = await room.redact(oops, { sender: '@carol:c' })
    await hs.takeAll([oops, redaction])
    expect(await hs.event(oops.eventId)).toMatchObject({ redactedBy: 0 })
    await hs.takeAll([join, aside])
    await hs.input.settled()
    const [stored] = await hs.storage.eventsById([redaction.eventId])
    expect(await hs.event(oops.eventId)).toMatchObject({ redactedBy: stored?.nid, verdict: 'accepted' })
    const announced = (await hs.outputs()).filter(
      ({ redacted_event: one }) => one?.RedactedEventID === oops.eventId,
    )
    expect(announced).toHaveLength(1)
    await expectWhole(hs, room)
  })

  it('rejects what was let in by it, and has the room as if it had been', async () => {
    const hs = await start()
    const room = await RoomBuilder.create()
    await room.join('@bob:b')
    await room.join('@carol:c')
    await hs.takeAll(room.events)
    const state = [...room.events]
    const ban = await room.member('@alice:a', '@carol:c', 'ban')
    const late = await room.message('late')
    await takeAtState(hs, late, state)
    const auth = state.filter(({ type, stateKey }) => CITED.includes(type) || stateKey === '@carol:c')
    const hers = await room.message('still here', { sender: '@carol:c', auth })
    expect(await hs.take(hers)).toMatchObject({ verdict: 'accepted' })
    expect(await hs.extremities(room.roomId)).toContain(hers.eventId)

    await hs.take(ban)
    await hs.input.settled()
    expect(await hs.event(hers.eventId)).toMatchObject({
      verdict: 'rejected-by-state',
      reason: expect.stringContaining('@carol:c is not joined'),
    })
    expect(await hs.extremities(room.roomId)).toEqual([late.eventId])
    expect(await hs.current(room.roomId)).toContain(ban.eventId)
    expect(await hs.storage.membership((await hs.room(room.roomId)).nid, '@carol:c')).toMatchObject({
      membership: 'ban',
    })
    await expectWhole(hs, room)
  })

  it('is looked at by the next process when the one that was to do it died', async () => {
    const { hs, room, join, aside, late, hers } = await carolLeftOut()
    const commit = async (sets: readonly WriteSet[]): Promise<readonly CommitResult[]> => {
      const isSettling = sets.some(({ remoteStates }) => remoteStates.some(({ isVerified }) => isVerified))
      if (isSettling) throw new Error('the process is gone')
      return await hs.storage.commit(sets)
    }
    const dying = hs.beside({ serverName: 'b', store: { ...hs.storage, commit } })
    await dying.takeAll([join, aside])
    await dying.input.close()
    expect(await hs.storage.dueRemoteStates(0 as EventNid, 10)).toHaveLength(1)
    expect(await unsettled(hs, room)).toEqual([late.eventId])

    const next = hs.beside({ serverName: 'b' })
    await next.input.resume()
    await next.input.settled()
    expect(await hs.storage.dueRemoteStates(0 as EventNid, 10)).toEqual([])
    expect(await unsettled(hs, room)).toEqual([])
    expect(await hs.event(hers.eventId)).toMatchObject({ verdict: 'accepted' })
    await expectWhole(next, room)
    await next.input.close()
  })

  /** Our server joins through another one; the past comes page after page, each at remote state as well. */
  async function joinedLate() {
    const hs = await start()
    const room = await RoomBuilder.create()
    const dave = await room.join('@dave:d')
    const pages: Pdu[][] = [[...room.events]]
    for (let page = 0; page < 3; page++) {
      const events: Pdu[] = []
      for (let i = 0; i < 4; i++) events.push(await room.state('m.room.topic', '', { topic: `${page} ${i}` }))
      pages.push(events)
    }
    const topic = pages.at(-1)?.at(-1)
    const state = [...(pages[0] ?? []), ...(topic === undefined ? [] : [topic])]
    const join = await room.join('@bob:b')
    const announced = state.filter((event) => event !== dave)
    for (const event of announced) await hs.take(event, { kind: InputKind.outlier })
    const given = { has_state: true, state_event_ids: idsOf(announced) }
    expect(await hs.take(join, given)).toMatchObject({ verdict: 'accepted' })
    const messageOfDave = await room.message('I was here before', { sender: '@dave:d' })
    await hs.take(dave, { kind: InputKind.outlier })
    expect(await hs.take(messageOfDave)).toMatchObject({ verdict: 'rejected-by-state' })
    const back = async (page: readonly Pdu[], before: readonly Pdu[]): Promise<void> => {
      const [oldest, ...others] = page
      if (oldest === undefined) return
      const lastTopic = before.findLast(({ type }) => type === 'm.room.topic')
      const first = before.filter(({ type }) => type !== 'm.room.topic')
      await takeAtState(hs, oldest, lastTopic === undefined ? first : [...first, lastTopic], 'old')
      for (const event of others) await hs.take(event, { kind: InputKind.old })
      await hs.input.settled()
    }
    return { hs, room, pages, dave, join, messageOfDave, back }
  }

  it('stands while the past comes, and follows from it once that reaches back to the create event', async () => {
    const { hs, room, pages, dave, messageOfDave, join, back } = await joinedLate()
    const [first = [], ...others] = pages
    const events = (count: number) => [first, ...others.slice(0, count)].flat()
    for (const [index, page] of [...others.entries()].toReversed()) {
      await back(
        page,
        events(index).filter((event) => event !== dave),
      )
      expect(await hs.event(messageOfDave.eventId), 'a page at a remote state shows nothing').toMatchObject({
        verdict: 'rejected-by-state',
      })
      expect((await unsettled(hs, room)).toSorted()).toContain(join.eventId)
    }
    for (const event of first) await hs.take(event, { kind: InputKind.old })
    await hs.input.settled()
    expect(await unsettled(hs, room)).toEqual([])
    expect(await hs.event(messageOfDave.eventId)).toMatchObject({ verdict: 'accepted' })
    expect(timesNew(await hs.outputs(), messageOfDave)).toBe(1)
    expect(await hs.current(room.roomId)).toContain(dave.eventId)
    expect(await hs.extremities(room.roomId)).toEqual([messageOfDave.eventId])
    await expectWhole(hs, room)
  })

  it('overturns nothing of the present when it is told of the past', async () => {
    const { hs, room, pages, dave, join } = await joinedLate()
    const before = await hs.current(room.roomId)
    const outputs = (await hs.outputs()).length
    const page = pages.at(-1) ?? []
    const [oldest] = page
    if (oldest === undefined) throw new Error('no page')
    const lie = (pages[0] ?? []).filter((event) => event !== dave)
    expect(await takeAtState(hs, oldest, lie, 'old')).toMatchObject({ verdict: 'accepted' })
    for (const event of page.slice(1)) await hs.take(event, { kind: InputKind.old })
    await hs.input.settled()
    expect((await unsettled(hs, room)).toSorted()).toEqual([join.eventId, oldest.eventId].toSorted())
    expect(await hs.current(room.roomId)).toEqual(before)
    const since = (await hs.outputs()).slice(outputs)
    expect(since.filter(({ new_room_event: announced }) => announced !== undefined)).toEqual([])
  })

  it('has nobody rejected whom the present builds upon when it is told of the past', async () => {
    const hs = await start()
    const room = await RoomBuilder.create()
    const dave = await room.join('@dave:d')
    const users = { [room.creator]: 100, '@dave:d': 100 }
    await room.state('m.room.power_levels', '', { users })
    const before = [...room.events]
    const oldest = await room.message('where the past begins')
    const levels = await room.state('m.room.power_levels', '', { users, ban: 60 }, { sender: '@dave:d' })
    const join = await room.join('@bob:b')
    const state = [...before.filter(({ type }) => type !== 'm.room.power_levels'), levels]
    for (const event of [...before, levels]) await hs.take(event, { kind: InputKind.outlier })
    await hs.take(join, { has_state: true, state_event_ids: idsOf(state) })

    await takeAtState(
      hs,
      oldest,
      before.filter((event) => event !== dave && event !== before[2]),
      'old',
    )
    await hs.take(levels, { kind: InputKind.old })
    expect(await hs.event(levels.eventId)).toMatchObject({ verdict: 'outlier' })
    expect(await hs.take(await room.message('on it goes'))).toMatchObject({ verdict: 'accepted' })
    for (const event of [...before, oldest, levels]) await hs.take(event, { kind: InputKind.old })
    await hs.input.settled()
    expect(await hs.event(levels.eventId)).toMatchObject({ verdict: 'accepted' })
    expect(await unsettled(hs, room)).toEqual([])
    await expectWhole(hs, room)
  })
})
