import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { type EventRecord, type Logger, NO_NID, silentLogger } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import { keepJournal } from '../src/decide/journal.ts'
import { Homeserver } from './homeserver.ts'

const idsOf = (events: readonly Pdu[]): readonly string[] => events.map(({ eventId }) => eventId)

describe('a resolution that takes members out of the room', () => {
  /** Users join a public room; on another branch, from before that, it becomes one for those who are invited. */
  async function closedBehind(count: number) {
    const hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const fork = room.extremities
    const joins: Pdu[] = []
    for (let i = 0; i < count; i++) joins.push(await room.join(`@user${i}:b`))
    await hs.takeAll(room.events)
    const closed = await room.state('m.room.join_rules', '', { join_rule: 'invite' }, { prev: fork })
    return { hs, room, joins, closed }
  }

  // The process that decides has none of the names in its cache.
  it.each([1, 2, 65])('says so of %i users whose names are not at hand', async (count) => {
    const { hs, room, joins, closed } = await closedBehind(count)
    await using _ = hs
    const other = hs.beside()
    const texts = vi.spyOn(hs.storage, 'stateKeysByNid')
    expect(await other.take(closed)).toMatchObject({ verdict: 'accepted' })
    expect(texts).toHaveBeenCalledTimes(1)
    const { nid } = await hs.room(room.roomId)
    const rows = await hs.storage.membershipsOfRoom(nid)
    expect(
      rows.map(({ userId, membership, event, local }) => [userId, membership, event === NO_NID, local]),
    ).toEqual(
      expect.arrayContaining([
        ['@alice:a', 'join', false, true],
        ...joins.map(({ stateKey }) => [stateKey, 'leave', true, false]),
      ]),
    )
    expect(rows).toHaveLength(count + 1)
    await other.input.close()
  })

  it('counts and logs each as a state reset, with the conflicted events', async () => {
    const warnings: unknown[] = []
    const log: Logger = { ...silentLogger, warn: (fields, message) => warnings.push([message, fields]) }
    const { hs, room, joins, closed } = await closedBehind(2)
    await using _ = hs
    const other = hs.beside({ log })
    await other.take(closed)
    const { nid, revision } = await hs.room(room.roomId)
    const reset = [
      'state reset: an entry of the current state fell back to an older event or to none',
      { room_id: room.roomId, revision, cause: 'resolution' },
    ]
    expect(warnings).toEqual([reset, reset])
    expect(other.input.counters).toMatchObject({ stateResets: 2, resolvedEntries: 3, commits: 1 })
    const entries = await hs.storage.journal(nid, { limit: 100, afterRevision: revision - 1 })
    const nidOf = async ({ eventId }: Pdu) => (await hs.event(eventId))?.nid
    const event = await nidOf(closed)
    const [first, second] = [await nidOf(joins[0] as Pdu), await nidOf(joins[1] as Pdu)]
    const rules = await nidOf(room.events[3] as Pdu)
    expect(entries.map(({ from, to, reset: isReset, cause }) => ({ from, to, isReset, cause }))).toEqual(
      expect.arrayContaining([
        {
          from: rules,
          to: event,
          isReset: false,
          cause: { kind: 'resolution', event, conflicted: [rules, event] },
        },
        { from: first, to: 0, isReset: true, cause: { kind: 'resolution', event, conflicted: [first] } },
        { from: second, to: 0, isReset: true, cause: { kind: 'resolution', event, conflicted: [second] } },
      ]),
    )
    await other.input.close()
  })

  it('is told of as a whole', async () => {
    const { hs, room, joins, closed } = await closedBehind(1)
    await using _ = hs
    const [join] = joins
    await hs.take(closed)
    expect((await hs.outputs()).at(-1)?.new_room_event).toEqual({
      event: { ...JSON.parse(closed.json), _room_version: '10', _event_id: closed.eventId },
      latest_event_ids: [closed.eventId, join?.eventId],
      adds_state_event_ids: [closed.eventId],
      removes_state_event_ids: expect.arrayContaining([room.events[3]?.eventId, join?.eventId]),
      last_sent_event_id: join?.eventId,
      // Before it, the room was open, and had nobody in it but who made it.
      state_before_adds_event_ids: [room.events[3]?.eventId],
      state_before_removes_event_ids: [closed.eventId],
      send_as_server: '',
      history_visibility: 'shared',
    })
  })
})

describe('an output', () => {
  it('of a message says nothing about the state, which it does not change', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const last = room.extremities[0]
    await hs.takeAll(room.events)
    const message = await room.message('hello')
    await hs.take(message, { send_as_server: 'a', transaction_id: { session_id: 7, id: 'txn' } })
    expect((await hs.outputs()).at(-1)).toEqual({
      type: 'new_room_event',
      new_room_event: {
        event: { ...JSON.parse(message.json), _room_version: '10', _event_id: message.eventId },
        latest_event_ids: [message.eventId],
        last_sent_event_id: last?.eventId,
        send_as_server: 'a',
        transaction_id: { session_id: 7, id: 'txn' },
        history_visibility: 'shared',
      },
    })
  })

  it('of a state event that is the first of its kind removes none', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const last = room.extremities[0]
    await hs.takeAll(room.events)
    const topic = await room.state('m.room.topic', '', { topic: 'one' })
    await hs.take(topic)
    expect((await hs.outputs()).at(-1)?.new_room_event).toEqual({
      event: { ...JSON.parse(topic.json), _room_version: '10', _event_id: topic.eventId },
      latest_event_ids: [topic.eventId],
      adds_state_event_ids: [topic.eventId],
      last_sent_event_id: last?.eventId,
      // Such an entry is taken back by naming the event: nothing was in its place.
      state_before_removes_event_ids: [topic.eventId],
      send_as_server: '',
      history_visibility: 'shared',
    })
  })

  it('of a state event that replaces another names both', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const one = await room.state('m.room.topic', '', { topic: 'one' })
    await hs.takeAll(room.events)
    const two = await room.state('m.room.topic', '', { topic: 'two' })
    await hs.take(two)
    expect((await hs.outputs()).at(-1)?.new_room_event).toEqual({
      event: { ...JSON.parse(two.json), _room_version: '10', _event_id: two.eventId },
      latest_event_ids: [two.eventId],
      adds_state_event_ids: [two.eventId],
      removes_state_event_ids: [one.eventId],
      last_sent_event_id: one.eventId,
      state_before_adds_event_ids: [one.eventId],
      state_before_removes_event_ids: [two.eventId],
      send_as_server: '',
      history_visibility: 'shared',
    })
  })

  it('of history says who may see it, by the state before it', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const fork = room.extremities
    await room.state('m.room.history_visibility', '', { history_visibility: 'joined' })
    await hs.takeAll(room.events)
    const old = await room.message('from before', { prev: fork })
    await hs.take(old, { kind: InputKind.old })
    expect((await hs.outputs()).at(-1)).toEqual({
      type: 'old_room_event',
      old_room_event: {
        event: { ...JSON.parse(old.json), _room_version: '10', _event_id: old.eventId },
        history_visibility: 'shared',
      },
    })
    await hs.take(await room.message('now'))
    expect((await hs.outputs()).at(-1)?.new_room_event?.history_visibility).toBe('joined')
  })
})

it('counts what became of events, changed verdicts too', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const join = await room.join('@bob:b')
  const fork = room.extremities
  const ban = await room.member(room.creator, '@bob:b', 'ban')
  await hs.takeAll(room.events)
  await hs.take(await room.message('too late', { sender: '@bob:b', prev: fork }))
  await hs.take(await room.message('never in', { sender: '@eve:e', prev: [ban] }))
  const [create, , powerLevels] = room.events as [Pdu, Pdu, Pdu]
  const auth = [create, powerLevels, join]
  await hs.take(await room.message('no more in', { sender: '@bob:b', prev: [ban], auth }))
  const beside = await room.message('beside', { prev: [ban] })
  await hs.take(beside, { kind: InputKind.outlier })
  const counts = {
    accepted: 6,
    'soft-failed': 1,
    'rejected-by-auth-events': 1,
    'rejected-by-state': 1,
    outlier: 1,
  }
  expect(Object.fromEntries(hs.input.counters.verdicts)).toEqual(counts)
  await hs.take(beside)
  expect(Object.fromEntries(hs.input.counters.verdicts)).toEqual({ ...counts, accepted: 7 })
  // A redaction leaves the verdict as it is, and is not a second event.
  await hs.take(await room.redact(beside))
  expect(Object.fromEntries(hs.input.counters.verdicts)).toEqual({ ...counts, accepted: 8 })
  expect(hs.input.counters).toMatchObject({ stateResets: 0, resolvedEntries: 0, conflicts: 0 })
})

describe('the journal', () => {
  it.each([
    [255, 0],
    [256, 1],
    [600, 2],
  ])('of %i changes lets others have %i turns while it is written', async (count, turns) => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    await hs.takeAll(room.events)
    const record = (await hs.event(room.events[0]?.eventId ?? '')) as EventRecord
    let yields = 0
    await hs.input.runTask({
      roomId: room.roomId,
      version: '10',
      name: 'journal',
      bytes: 1,
      *decide(draft) {
        const place = { type: record.typeNid, stateKey: record.stateKeyNid }
        const change = { ...place, from: NO_NID as typeof record.nid, to: record.nid }
        const computation = keepJournal(draft, record, Array(count).fill(change), 'rewrite')
        for (let step = computation.next(); step.done !== true; step = computation.next()) {
          if (step.value === undefined) yields++
          else yield step.value
        }
        expect(draft.writeSet([]).journal).toHaveLength(count)
      },
    })
    expect(yields).toBe(turns)
  })

  it('names as its cause the event that changed the state, where nothing had to be resolved', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    await hs.takeAll(room.events)
    const { nid } = await hs.room(room.roomId)
    const records = await hs.storage.eventsById(idsOf(room.events))
    const entries = await hs.storage.journal(nid, { limit: 100 })
    expect(
      entries.map(({ revision, from, to, reset, cause }) => ({ revision, from, to, reset, cause })),
    ).toEqual(
      idsOf(room.events).map((id, index) => {
        const event = records.find(({ eventId }) => eventId === id)?.nid
        return { revision: index + 1, from: 0, to: event, reset: false, cause: { kind: 'event', event } }
      }),
    )
  })

  it('calls it no reset where an entry goes on to an event of less depth that comes now', async () => {
    await using hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const deep = await room.state('m.room.topic', '', { topic: 'deep' }, { depth: 50 })
    const flat = await room.state('m.room.topic', '', { topic: 'flat' }, { prev: [deep], depth: 7 })
    await hs.takeAll(room.events)
    expect(await hs.current(room.roomId)).toContain(flat.eventId)
    expect(hs.input.counters.stateResets).toBe(0)
  })
})

describe('invites in a state that comes as a whole', () => {
  /** A server that knows of invites into a room, and joins it then through another one, where all have joined. */
  async function joinedAll(count: number) {
    const hs = await Homeserver.start({ serverName: 'b' })
    const room = await RoomBuilder.create({ joinRule: 'invite' })
    const bob = await room.member(room.creator, '@bob:b', 'invite')
    const first = [...room.events]
    const join = await room.join('@bob:b')
    for (const event of first) await hs.take(event, { kind: InputKind.outlier })
    await hs.take(join, { has_state: true, state_event_ids: [...idsOf(first)] })
    const invite = await room.member(room.creator, '@carol:b', 'invite')
    await hs.take(invite)
    const leave = await room.member('@bob:b', '@bob:b', 'leave')
    await hs.take(leave)
    const accepted = await room.join('@carol:b')
    const users: Pdu[] = []
    for (let i = 1; i < count; i++) {
      await room.member(room.creator, `@user${i}:c`, 'invite')
      users.push(await room.join(`@user${i}:c`))
    }
    const again = await room.member(room.creator, '@bob:b', 'invite')
    const rejoin = await room.join('@bob:b')
    const state = [...first.filter((event) => event !== bob), accepted, ...users, again]
    for (const event of room.events.slice(0, -1)) await hs.take(event, { kind: InputKind.outlier })
    return { hs, room, invite, accepted, rejoin, state }
  }

  it.each([
    // Bob, who comes back, is one of those that changed.
    [30, 31, 0],
    [31, 0, 1],
    [40, 0, 1],
  ])('end for those who have joined meanwhile, of %i users', async (count, one, all) => {
    const { hs, room, invite, accepted, rejoin, state } = await joinedAll(count)
    await using _ = hs
    const { nid } = await hs.room(room.roomId)
    expect(await hs.storage.pendingInvites(nid, '@carol:b')).toHaveLength(1)
    const before = (await hs.outputs()).length
    const byUser = vi.spyOn(hs.storage, 'pendingInvites')
    const ofRoom = vi.spyOn(hs.storage, 'membershipsOfRoom')
    expect(await hs.take(rejoin, { has_state: true, state_event_ids: [...idsOf(state)] })).toMatchObject({
      verdict: 'accepted',
    })
    // Of many users those who are invited are read at once, and not each by itself.
    expect(ofRoom).toHaveBeenCalledTimes(all)
    expect(byUser.mock.calls.length).toBe(all === 0 ? one : 1)
    expect((await hs.outputs()).slice(before).map(({ type }) => type)).toEqual([
      'retire_invite_event',
      'new_room_event',
    ])
    expect((await hs.outputs())[before]?.retire_invite_event).toEqual({
      EventID: invite.eventId,
      TargetUserID: '@carol:b',
      RetiredByEventID: accepted.eventId,
      Membership: 'join',
    })
    expect(await hs.storage.pendingInvites(nid, '@carol:b')).toEqual([])
  })
})
