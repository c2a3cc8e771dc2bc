import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import { type Pdu, redactEvent } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { readInput } from '../src/input/read-input.ts'
import { Homeserver, inputOf } from './homeserver.ts'

/** Gives inputs in one request and tells what was said about them. */
async function send(hs: Homeserver, ...inputs: InputRoomEvent[]): Promise<string> {
  return (await hs.input.inputRoomEvents({ input_room_events: inputs, async: false })).ErrMsg
}

/** Nothing of what was given before has left a trace, and the room goes on as before. */
async function expectUntouched(hs: Homeserver, room: RoomBuilder, ...refused: string[]): Promise<void> {
  for (const id of refused) expect(await hs.event(id)).toBeUndefined()
  const outputs = (await hs.outputs()).length
  const next = await room.message('still here', { prev: [lastGood(room)] })
  expect(await hs.take(next)).toMatchObject({ kind: 'stored', verdict: 'accepted' })
  expect(await hs.outputs()).toHaveLength(outputs + 1)
}

function lastGood(room: RoomBuilder): Pdu {
  const good = room.events.find((event) => event.type === 'm.room.join_rules')
  if (good === undefined) throw new Error('no join rules')
  return good
}

async function started(): Promise<{ hs: Homeserver; room: RoomBuilder }> {
  const hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  return { hs, room }
}

const wire = (json: string, change: Partial<InputRoomEvent['event']> = {}): InputRoomEvent =>
  filled(InputRoomEvent, {
    kind: InputKind.new,
    event: { roomVersion: '10', eventId: '', json, ...change },
  })

it.each([
  ['no event at all', { ...wire('{}'), event: null }, 'event: expected an event'],
  ['an unknown kind', { ...wire('{}'), kind: 7 }, 'kind: expected 1 (outlier), 2 (new) or 3 (old)'],
  ['an unknown room version', wire('{}', { roomVersion: '99' }), 'room version "99" is not known'],
  ['an empty object', wire('{}'), 'malformed'],
  ['deep nesting', wire(`{"content":${'['.repeat(5000)}${']'.repeat(5000)}}`), 'malformed'],
  ['a number out of range', wire('{"depth":1e400}'), 'malformed'],
])('refuses %s', async (_what, input, message) => {
  const { hs, room } = await started()
  await using _ = hs
  expect(await send(hs, input)).toContain(message)
  await expectUntouched(hs, room)
})

it('refuses an event over 65,536 bytes', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const event = await room.message('short')
  const json = event.json.replace('short', 'x'.repeat(65_536))
  expect(await send(hs, wire(json))).toContain('65')
  await expectUntouched(hs, room, event.eventId)
})

it('refuses an event whose ID is not what its sender says', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const event = await room.message('hello')
  expect(await send(hs, wire(event.json, { eventId: '$other' }))).toContain(
    `ID is ${event.eventId}, not $other`,
  )
  await expectUntouched(hs, room, event.eventId, '$other')
})

it('refuses a second create event of a room', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const second = await room.addCreate({ 'org.example.again': true })
  for (const kind of [InputKind.new, InputKind.outlier]) {
    expect(await send(hs, inputOf(second, { kind }))).toContain('exists and has another create event')
  }
  await expectUntouched(hs, room, second.eventId)
})

it('refuses events for a room that nobody created, and does not make one', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const other = await RoomBuilder.create({ roomId: '!other:a' })
  const message = await other.message('anybody?')
  for (const kind of [InputKind.outlier, InputKind.new, InputKind.old]) {
    expect(await send(hs, inputOf(message, { kind }))).toContain('room !other:a does not exist')
  }
  expect(await hs.storage.room('!other:a')).toBeUndefined()
  await expectUntouched(hs, room, message.eventId)
})

it('refuses a create event that its own version does not allow, and makes no room', async () => {
  await using hs = await Homeserver.start()
  const room = RoomBuilder.empty({ roomId: '!room:elsewhere' })
  const create = await room.addCreate()
  expect(await send(hs, inputOf(create))).not.toBe('')
  expect(await hs.storage.room('!room:elsewhere')).toBeUndefined()
})

it('refuses a create event that names another version than it came as', async () => {
  await using hs = await Homeserver.start()
  const create = await RoomBuilder.empty().addCreate({ room_version: '9' })
  expect(await send(hs, inputOf(create))).toContain('the create event says room version "9", not 10')
  expect(await hs.storage.room(create.roomId)).toBeUndefined()
})

it('refuses an event of another version than its room has', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const event = await room.message('hello')
  expect(await send(hs, wire(event.json, { roomVersion: '9' }))).toContain('the room has version 10')
  await expectUntouched(hs, room, event.eventId)
})

it('refuses an event whose prev events are of another room', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const other = await RoomBuilder.create({ roomId: '!other:a' })
  await hs.takeAll(other.events)
  const event = await room.message('hello', { prev: [lastGood(other)] })
  expect(await send(hs, inputOf(event))).toContain('is not of room !room:a')
  await expectUntouched(hs, room, event.eventId)
})

it('names prev events that it does not know, and stores nothing', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const lost = await room.message('lost')
  const event = await room.message('hello')
  expect(await send(hs, inputOf(event))).toBe(
    `missing prev events ${lost.eventId}, and no server could be asked for them`,
  )
  await expectUntouched(hs, room, event.eventId)
})

it('names auth events that it does not know, and stores nothing', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const good = room.extremities
  const join = await room.join('@bob:b')
  const [create, , powerLevels] = room.events as [Pdu, Pdu, Pdu]
  const auth = [create, powerLevels, join]
  const event = await room.message('hello', { sender: '@bob:b', prev: good, auth })
  expect(await send(hs, inputOf(event))).toContain(`missing auth events ${join.eventId}`)
  await expectUntouched(hs, room, event.eventId, join.eventId)
})

it('takes the good events of a request that holds bad ones, and tells of the first', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const first = await room.message('first')
  const rejected = await room.message('not mine', { sender: '@eve:e', prev: [first] })
  const last = await room.message('last', { prev: [first] })
  const inputs = [inputOf(first), wire('{}'), inputOf(rejected), inputOf(last)]
  expect(await send(hs, ...inputs)).toContain('malformed')
  expect(await hs.event(first.eventId)).toMatchObject({ verdict: 'accepted' })
  expect((await hs.event(rejected.eventId))?.verdict).toMatch(/^rejected/)
  expect(await hs.event(last.eventId)).toMatchObject({ verdict: 'accepted' })
})

it('stores the same event once, given twice at once, and announces it once', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const before = (await hs.outputs()).length
  const event = await room.message('hello')
  const outcomes = await Promise.all([hs.take(event), hs.take(event), hs.take(event)])
  expect(outcomes.map((outcome) => outcome.kind === 'stored' && outcome.known)).toEqual([false, true, true])
  expect(await hs.take(event)).toMatchObject({ kind: 'stored', verdict: 'accepted', known: true })
  expect(await hs.outputs()).toHaveLength(before + 1)
})

it('says again why an event was rejected when it comes again', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const event = await room.message('not mine', { sender: '@eve:e' })
  const first = await send(hs, inputOf(event))
  expect(first).toContain('@eve:e is not joined')
  expect(await send(hs, inputOf(event))).toBe(first)
  await expectUntouched(hs, room)
})

it.each([
  ['too small', 1],
  ['too great', Number.MAX_SAFE_INTEGER],
])('takes an event whose depth is a lie (%s) and believes none of it', async (_how, depth) => {
  const { hs, room } = await started()
  await using _ = hs
  const [before] = room.extremities
  const liar = await room.state('m.room.topic', '', { topic: 'liar' }, { depth })
  expect(await hs.take(liar)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual([liar.eventId])
  // What came before stays before, whatever its depth is next to the lie.
  const honest = await room.state('m.room.topic', '', { topic: 'honest' }, { prev: [liar], depth: 7 })
  expect(await hs.take(honest)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.current(room.roomId)).toContain(honest.eventId)
  expect(await hs.extremities(room.roomId)).toEqual([honest.eventId])
  expect(before).toBeDefined()
})

it('does not take a second event of the same ID for the first, where authors choose IDs', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create({ version: '2' })
  await hs.takeAll(room.events)
  const event = await room.message('first')
  await hs.take(event)
  const other = RoomBuilder.empty({ version: '2' })
  const impostor = await other.add({
    type: 'm.room.message',
    sender: '@alice:a',
    content: { body: 'second' },
    prev: [],
    auth: [],
    depth: 9,
  })
  const json = impostor.json.replace(`"event_id":"${impostor.eventId}"`, `"event_id":"${event.eventId}"`)
  expect(await send(hs, wire(json, { roomVersion: '2' }))).toContain(
    `another event has the ID ${event.eventId}`,
  )
  expect((await hs.event(event.eventId))?.json).toContain('first')
})

it('keeps names that objects have by nature apart from those in events', async () => {
  const { hs, room } = await started()
  await using _ = hs
  const names = ['__proto__', 'constructor', 'toString']
  for (const name of names) {
    const event = await room.state(name, name, JSON.parse('{"__proto__":{"x":1}}'))
    expect(await hs.take(event)).toMatchObject({ verdict: 'accepted' })
    expect(await hs.current(room.roomId)).toContain(event.eventId)
  }
})

it.each([
  ['transaction_id.id', { transaction_id: { session_id: 1, id: 'ü'.repeat(513) } }],
  ['origin', { origin: 'x'.repeat(256) }],
  ['send_as_server', { send_as_server: 'x'.repeat(256) }],
  ['state_event_ids', { has_state: true, state_event_ids: [`$${'x'.repeat(255)}`] }],
])('refuses a %s that is longer than what is kept of one', async (path, change) => {
  const { hs, room } = await started()
  await using _hs = hs
  const event = await room.message('hello')
  expect(await send(hs, inputOf(event, change))).toMatch(`${path}: expected `)
  await expectUntouched(hs, room, event.eventId)
})

it('takes a transaction ID of 1,024 bytes', async () => {
  const { hs, room } = await started()
  await using _hs = hs
  const transaction_id = { session_id: 1, id: 'ü'.repeat(512) }
  expect(await send(hs, inputOf(await room.message('hello'), { transaction_id }))).toBe('')
  expect((await hs.outputs()).at(-1)).toMatchObject({ new_room_event: { transaction_id } })
})

it.each([
  ['origin', { origin: 'x'.repeat(255) }],
  ['send_as_server', { send_as_server: 'x'.repeat(255) }],
  ['state_event_ids', { has_state: true, state_event_ids: [`$${'x'.repeat(254)}`] }],
  ['state_event_ids that do not count', { state_event_ids: [`$${'x'.repeat(255)}`] }],
])('takes a %s as long as it may be', async (path, change) => {
  const { hs, room } = await started()
  await using _hs = hs
  const event = await room.message('hello')
  expect(await send(hs, inputOf(event, change))).not.toMatch(`${path}: expected`)
  expect(await hs.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
})

it('looks up a part of a state of unknown events, and names a few of them', async () => {
  const { hs, room } = await started()
  await using _hs = hs
  // A given state counts where prev events are missing.
  const event = await room.message('hello', { prev: [await room.message('not sent')] })
  const state_event_ids = Array.from({ length: 100_000 }, (_unused, index) => `$unknown${index}`)
  const words = await send(hs, inputOf(event, { has_state: true, state_event_ids }))
  expect(words).toMatch(
    /^missing state events \$unknown0, .*\$unknown19 and 980 more, and no server could be asked/,
  )
  await expectUntouched(hs, room, event.eventId)
})

it('looks an event up once that a state names a hundred thousand times', async () => {
  const { hs, room } = await started()
  await using _hs = hs
  const event = await room.message('hello')
  const ids = room.events.slice(0, -1).map(({ eventId }) => eventId)
  const state_event_ids = Array.from({ length: 100_000 }, (_unused, index) => ids[index % ids.length] ?? '')
  expect(await hs.take(event, { has_state: true, state_event_ids })).toMatchObject({ verdict: 'accepted' })
  const before = readInput(inputOf(event, { has_state: true, state_event_ids })).stateBefore
  expect(before?.eventIds).toEqual(ids)
})

/** For the specification that is not a failure, so nobody was told: neither who gave the event, nor the operator. */
it('stores an event whose content was changed without it, and says so in the log and in process', async () => {
  const noted: (readonly [string, object])[] = []
  const log = {
    ...silentLogger,
    info: (fields: object, message: string) => void noted.push([message, fields]),
  }
  await using hs = await Homeserver.start({ log })
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  const message = await room.message('as it was')
  const changed = wire(message.json.replace('as it was', 'as it is'), { eventId: message.eventId })
  expect(await hs.input.ingest({ ...changed, origin: 'evil.example' })).toMatchObject({
    verdict: 'accepted',
    contentChanged: true,
  })
  expect(JSON.parse((await hs.event(message.eventId))?.json ?? '')).toMatchObject({ content: {} })
  const why = 'stored an event in redacted form: its content does not have the hash that it names'
  const fields = { event_id: message.eventId, origin: 'evil.example', sender: message.sender }
  expect(noted).toEqual([[why, expect.objectContaining(fields)]])
  // The same again has changed nothing, and an event that was redacted by its sender's server is as it should be.
  expect(await send(hs, changed)).toBe('')
  const other = await room.message('redacted elsewhere')
  expect(await send(hs, wire(redactEvent(other).json))).toBe('')
  expect(noted).toHaveLength(1)
})
