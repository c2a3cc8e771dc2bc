import { InputKind } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'
import { Operations } from './operations.ts'

const VERSIONS = ['1', '2', '3', '6', '9', '10', '11', '12']

it.each(VERSIONS)('redacts an event and tells of it after the redaction, in version %s', async (version) => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create({ version })
  const event = await room.message('oops')
  const redaction = await room.redact(event)
  await hs.takeAll(room.events)
  const outputs = await hs.outputs()
  expect(outputs.slice(-2)).toMatchObject([
    { new_room_event: { event: { _event_id: redaction.eventId } } },
    {
      redacted_event: { RedactedEventID: event.eventId, RedactedBecause: { _event_id: redaction.eventId } },
    },
  ])
  const stored = JSON.parse((await hs.event(event.eventId))?.json ?? '')
  expect(stored.content).toEqual({})
  expect(stored.unsigned).toEqual({
    redacted_because: JSON.parse(redaction.json),
    redacted_by: redaction.eventId,
  })
})

it.each(VERSIONS)('redacts an event whose redaction came first, in version %s', async (version) => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create({ version })
  const fork = room.extremities
  await hs.takeAll(room.events)
  const event = await room.message('oops', { prev: fork })
  const redaction = await room.redact(event, { prev: fork })
  await hs.takeAll([redaction, event])
  const outputs = await hs.outputs()
  expect(outputs.slice(-2)).toMatchObject([
    { new_room_event: { event: { _event_id: event.eventId, content: {} } } },
    {
      redacted_event: { RedactedEventID: event.eventId, RedactedBecause: { _event_id: redaction.eventId } },
    },
  ])
})

/** Found by the simulation: who heard of the redactions first did not redact what those redact who heard of them last. */
it.each(VERSIONS)('redacts the same in whatever order events come, in version %s', async (version) => {
  const room = await RoomBuilder.create({ version })
  const prev = room.extremities
  const event = await room.message('oops', { prev })
  const redaction = await room.redact(event, { prev })
  const another = await room.redact(redaction, { prev })
  const before = room.events.slice(0, -3)
  for (const order of [
    [event, redaction, another],
    [another, redaction, event],
    [redaction, another, event],
    [another, event, redaction],
  ]) {
    await using hs = await Homeserver.start()
    await hs.takeAll([...before, ...order])
    for (const one of [event, redaction]) expect((await hs.event(one.eventId))?.redactedBy).not.toBe(0)
    const announced = (await hs.outputs())
      .map((output) => output.redacted_event?.RedactedEventID)
      .filter(Boolean)
    expect(announced).toHaveLength(2)
    expect(new Set(announced)).toEqual(new Set([event.eventId, redaction.eventId]))
  }
})

it.each([
  ['of the same user', '@bob:b', '@bob:b', true],
  ['of another user of the same server', '@carol:b', '@bob:b', true],
  ['of a user with the level to redact', '@alice:a', '@bob:b', true],
  ['of a user of another server without that level', '@bob:b', '@alice:a', false],
])('obeys a redaction %s', async (_who, redactor, sender, obeyed) => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (const user of ['@bob:b', '@carol:b']) await room.join(user)
  const event = await room.message('oops', { sender })
  const redaction = await room.redact(event, { sender: redactor })
  await hs.takeAll(room.events)
  expect(await hs.event(redaction.eventId)).toMatchObject({ verdict: 'accepted' })
  expect((await hs.event(event.eventId))?.redactedBy !== 0).toBe(obeyed)
  const announced = (await hs.outputs()).filter((output) => output.type === 'redacted_event')
  expect(announced).toHaveLength(obeyed ? 1 : 0)
})

it('judges by the state before the redaction, not by that of another time', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const event = await room.message('oops')
  const early = room.extremities
  await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, '@bob:b': 50 } })
  await hs.takeAll(room.events)
  const redaction = await room.redact(event, { sender: '@bob:b', prev: early })
  expect(await hs.take(redaction)).toMatchObject({ verdict: 'accepted' })
  expect((await hs.event(event.eventId))?.redactedBy).toBe(0)
})

it('redacts once, and ignores redactions that are rejected, of themselves, or of other rooms', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const event = await room.message('oops')
  const first = await room.redact(event)
  await room.redact(event)
  await hs.takeAll(room.events)
  const other = await RoomBuilder.create({ roomId: '!other:a' })
  const elsewhere = await other.message('fine')
  await hs.takeAll(other.events)
  const foreign = await room.redact(elsewhere)
  const rejected = await room.redact(foreign, { sender: '@eve:e' })
  await hs.takeAll([foreign, rejected])
  const announced = (await hs.outputs()).filter((output) => output.type === 'redacted_event')
  expect(announced).toMatchObject([{ redacted_event: { RedactedBecause: { _event_id: first.eventId } } }])
  expect((await hs.event(elsewhere.eventId))?.redactedBy).toBe(0)
  expect((await hs.event(foreign.eventId))?.redactedBy).toBe(0)
})

it('redacts an event that fills history in, too', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const fork = room.extremities
  await hs.takeAll(room.events)
  const old = await room.message('oops', { prev: fork })
  const redaction = await room.redact(old, { prev: fork })
  await hs.take(redaction)
  await hs.take(old, { kind: InputKind.old })
  expect((await hs.outputs()).slice(-2)).toMatchObject([
    { old_room_event: { event: { _event_id: old.eventId, content: {} }, history_visibility: 'shared' } },
    { redacted_event: { RedactedEventID: old.eventId } },
  ])
})

describe('an event that was stored outside the graph and redacted there', () => {
  /** Our server knows the topic only from a state that it was given; its redaction has come, what it said not again. */
  async function redactedOutlier() {
    const hs = await Homeserver.start()
    const room = await RoomBuilder.create()
    const prev = room.extremities
    await hs.takeAll(room.events)
    const topic = await room.state('m.room.topic', '', { topic: 'oops' }, { prev })
    expect(await hs.take(topic, { kind: InputKind.outlier })).toMatchObject({ verdict: 'outlier' })
    const redaction = await room.redact(topic, { prev })
    await hs.take(redaction)
    return { hs, room, topic, redaction }
  }

  it('is told of as redacted', async () => {
    const { hs, topic, redaction } = await redactedOutlier()
    await using _ = hs
    expect((await hs.outputs()).at(-1)).toMatchObject({
      redacted_event: {
        RedactedEventID: topic.eventId,
        RedactedBecause: { _event_id: redaction.eventId, redacts: topic.eventId },
      },
    })
  })

  it.each([
    ['new', InputKind.new, 'accepted'],
    ['history', InputKind.old, 'accepted'],
    ['an outlier', InputKind.outlier, 'outlier'],
  ])('keeps its redacted text when it comes again, with its content, as %s', async (_as, kind, verdict) => {
    const { hs, room, topic, redaction } = await redactedOutlier()
    await using _ = hs
    const redacted = await hs.event(topic.eventId)
    const announced = (await hs.outputs()).length
    expect(await hs.take(topic, { kind })).toMatchObject({ verdict })
    expect(await hs.event(topic.eventId)).toMatchObject({
      verdict,
      json: redacted?.json,
      authContent: redacted?.authContent,
      redactedBy: redacted?.redactedBy,
    })
    // Consumers know of the redaction; what they are given now is redacted as well.
    const outputs = (await hs.outputs()).slice(announced)
    for (const { type, new_room_event: asNew, old_room_event: asOld } of outputs) {
      expect(type).not.toBe('redacted_event')
      expect((asNew ?? asOld)?.event).toMatchObject({
        _event_id: topic.eventId,
        content: {},
        unsigned: { redacted_by: redaction.eventId },
      })
    }
    expect(outputs).toHaveLength(kind === InputKind.outlier ? 0 : 1)
    // A process that has nothing of it in its cache sees the same.
    const other = hs.beside()
    await other.take(await room.message('next', { prev: [redaction] }))
    expect((await other.event(topic.eventId))?.json).not.toContain('oops')
    await other.input.close()
  })

  it('keeps the text that it comes with where it was not redacted', async () => {
    await using hs = await Homeserver.start({ serverName: 'b' })
    const room = await RoomBuilder.create()
    await hs.takeAll(room.events)
    const topic = await room.state('m.room.topic', '', { topic: 'fine' })
    await hs.take(topic, { kind: InputKind.outlier })
    await hs.take(topic)
    expect(await hs.event(topic.eventId)).toMatchObject({ json: topic.json, redactedBy: 0 })
    expect((await hs.outputs()).at(-1)?.new_room_event?.event.content).toEqual({ topic: 'fine' })
  })
})

it('obeys, of several redactions that came first, the first that may redact', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const prev = room.extremities
  await hs.takeAll(room.events)
  const event = await room.message('oops', { prev })
  const forbidden = await room.redact(event, { sender: '@bob:b', prev })
  const first = await room.redact(event, { prev })
  const second = await room.redact(event, { prev })
  await hs.takeAll([forbidden, first, second, event])
  const [record] = await hs.storage.eventsById([first.eventId])
  expect(await hs.event(event.eventId)).toMatchObject({ redactedBy: record?.nid })
  const announced = (await hs.outputs()).filter(({ type }) => type === 'redacted_event')
  expect(announced).toMatchObject([{ redacted_event: { RedactedBecause: { _event_id: first.eventId } } }])
  // Which of them was obeyed is noted; the others may still be some day.
  const rows = await hs.storage.redactionsOf([event.eventId])
  const applied = rows.filter((row) => row.applied).map(({ redaction }) => redaction)
  expect(rows).toHaveLength(3)
  expect(applied).toEqual([record?.nid])
})

it('obeys no redaction of another room that came first', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const other = await RoomBuilder.create({ roomId: '!other:a' })
  await hs.takeAll([...room.events, ...other.events])
  const event = await room.message('fine')
  await hs.take(await other.redact(event))
  expect(await hs.take(event)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.event(event.eventId)).toMatchObject({ redactedBy: 0, json: event.json })
  expect((await hs.outputs()).at(-1)?.new_room_event?.event.content).toMatchObject({ body: 'fine' })
})

it('obeys only a message event that is a redaction, of another event than itself', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const event = await room.message('fine')
  await hs.takeAll(room.events)
  const redacts = event.eventId
  const state = await room.add({ type: 'm.room.redaction', sender: room.creator, stateKey: '', redacts })
  const other = await room.add({ type: 'org.example.redaction', sender: room.creator, redacts })
  for (const one of [state, other]) expect(await hs.take(one)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.event(event.eventId)).toMatchObject({ redactedBy: 0 })
  expect(await hs.storage.redactionsOf([event.eventId])).toEqual([])
})

it('tells of the redaction of an event only where consumers may have seen that', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const fork = room.extremities
  const ban = await room.member(room.creator, '@bob:b', 'ban', { prev: fork })
  await hs.takeAll(room.events)
  const soft = await room.message('too late', { sender: '@bob:b', prev: fork })
  const rejected = await room.message('never in', { sender: '@eve:e', prev: [ban] })
  expect(await hs.take(soft)).toMatchObject({ verdict: 'soft-failed' })
  expect(await hs.take(rejected)).toMatchObject({ verdict: 'rejected-by-auth-events' })
  for (const event of [soft, rejected]) {
    await hs.take(await room.redact(event, { prev: [ban] }))
    expect((await hs.event(event.eventId))?.redactedBy).not.toBe(0)
  }
  expect((await hs.outputs()).filter(({ type }) => type === 'redacted_event')).toEqual([])
})

it('shows a redaction in the whole state, which was asked for before', async () => {
  await using server = await Operations.start()
  const room = await RoomBuilder.create()
  const topic = await room.state('m.room.topic', '', { topic: 'oops' })
  await server.hs.takeAll(room.events)
  const topics = async () => {
    const asked = { room_id: room.roomId, state_to_fetch: [] }
    const { state_events: events } = await server.api.queryLatestEventsAndState(asked)
    return events.filter(({ eventId }) => eventId === topic.eventId).map(({ json }) => json.includes('oops'))
  }
  expect(await topics()).toEqual([true])
  await server.hs.take(await room.redact(topic))
  expect(await topics()).toEqual([false])
})

it('shows nothing of a redacted name to whom it invites, though the process had read it', async () => {
  await using server = await Operations.start()
  const room = await RoomBuilder.create()
  const name = await room.state('m.room.name', '', { name: 'oops' })
  await server.hs.takeAll(room.events)
  const invite = async (user: string) => {
    const { eventId, json, rules } = await room.member('@alice:a', user, 'invite')
    const event = { roomVersion: rules.version, eventId, json }
    const own = {
      room_version: rules.version,
      event,
      invite_room_state: [],
      invite_room_state_pdus: [],
      send_as_server: '',
    }
    await server.api.performInvite({ ...own, transaction_id: null })
    return JSON.stringify((await server.hs.outputs()).findLast(({ type }) => type === 'new_invite_event'))
  }
  expect(await invite('@bob:a')).toContain('oops')
  await server.hs.take(await room.redact(name))
  expect(await invite('@carol:a')).not.toContain('oops')
})
