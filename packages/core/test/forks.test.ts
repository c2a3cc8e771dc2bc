import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

const ids = (events: readonly Pdu[]): readonly string[] => events.map((event) => event.eventId).toSorted()

it('keeps branches as extremities until an event joins them', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const fork = room.extremities
  const a = await room.message('a', { prev: fork })
  const b = await room.message('b', { prev: fork })
  await hs.takeAll(room.events)
  expect(await hs.extremities(room.roomId)).toEqual(ids([a, b]))
  const merge = await room.message('merge', { prev: [a, b] })
  await hs.take(merge)
  expect(await hs.extremities(room.roomId)).toEqual([merge.eventId])
})

it('resolves state that branches disagree upon, and names the conflicted events in the journal', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const fork = room.extremities
  const first = await room.state('m.room.topic', '', { topic: 'first' }, { prev: fork })
  const second = await room.state('m.room.topic', '', { topic: 'second' }, { prev: fork })
  await hs.takeAll(room.events)
  const { nid, current } = await hs.room(room.roomId)
  // Both by the same user and under the same power levels: the later one stands.
  expect(await hs.stateAt(current)).toContain(second.eventId)
  expect(await hs.stateAt(current)).not.toContain(first.eventId)
  const journal = await hs.storage.journal(nid, { limit: 100 })
  const nids = (await hs.storage.eventsById([first.eventId, second.eventId])).map((event) => event.nid)
  expect(journal.at(-1)).toMatchObject({ reset: false, cause: { kind: 'resolution' } })
  expect(journal.at(-1)?.cause).toMatchObject({ conflicted: expect.arrayContaining(nids) })
})

it('tells consumers the state before an event of another branch', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const fork = room.extremities
  const topic = await room.state('m.room.topic', '', { topic: 'a' }, { prev: fork })
  const message = await room.message('from before the topic', { prev: fork })
  await hs.takeAll(room.events)
  const output = (await hs.outputs()).at(-1)?.new_room_event
  expect(output).toMatchObject({
    event: { _event_id: message.eventId },
    latest_event_ids: [message.eventId, topic.eventId],
    state_before_removes_event_ids: [topic.eventId],
  })
  expect(output?.adds_state_event_ids).toBeUndefined()
})

it('fails an event softly that the current state does not allow, and builds on through it', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const fork = room.extremities
  const ban = await room.member('@alice:a', '@bob:b', 'ban', { prev: fork })
  await hs.takeAll(room.events)
  const outputs = (await hs.outputs()).length

  const late = await room.message('sent before I knew', { sender: '@bob:b', prev: fork })
  expect(await hs.take(late)).toMatchObject({ verdict: 'soft-failed', rule: expect.stringContaining('v10') })
  expect(await hs.outputs()).toHaveLength(outputs)
  expect(await hs.extremities(room.roomId)).toEqual([ban.eventId])

  const answer = await room.message('an answer to what I saw', { prev: [ban, late] })
  expect(await hs.take(answer)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual([answer.eventId])
})

it('never makes a rejected event an extremity, nor lets it take the place of what it builds on', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  const good = room.extremities
  const rejected = await room.state('m.room.topic', '', {}, { sender: '@eve:e' })
  expect(await hs.take(rejected)).toMatchObject({ verdict: 'rejected-by-auth-events' })
  expect(await hs.extremities(room.roomId)).toEqual(ids(good))
  const { before, after } = (await hs.event(rejected.eventId)) ?? {}
  expect(after).toBe(before)

  const next = await room.message('on top of it', { prev: [rejected] })
  expect(await hs.take(next)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual([next.eventId])
})

it('keeps what the referenced events forbid apart from what the state forbids', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const join = await room.join('@bob:b')
  await room.member('@alice:a', '@bob:b', 'ban')
  await hs.takeAll(room.events)
  const [create, , powerLevels] = room.events as [Pdu, Pdu, Pdu]
  const event = await room.message('referencing my old membership', {
    sender: '@bob:b',
    auth: [create, powerLevels, join],
  })
  expect(await hs.take(event)).toMatchObject({ verdict: 'rejected-by-state' })
  const stored = await hs.event(event.eventId)
  expect(stored).toMatchObject({ verdict: 'rejected-by-state', rule: expect.stringContaining('v10') })
  expect(stored?.reason).toContain('@bob:b')
})

it('notes a state reset', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const fork = room.extremities
  // Bob sets a topic on one branch; on the other, Bob loses the power level that allowed it.
  await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, '@bob:b': 50 } }, { prev: fork })
  const allowed = room.extremities
  const topic = await room.state('m.room.topic', '', { topic: 'by bob' }, { sender: '@bob:b', prev: allowed })
  await hs.takeAll(room.events)
  expect(await hs.current(room.roomId)).toContain(topic.eventId)
  const demoted = await room.state(
    'm.room.power_levels',
    '',
    { users: { '@alice:a': 100 } },
    { prev: allowed },
  )
  const kick = await room.member('@alice:a', '@bob:b', 'leave', { prev: [demoted] })
  await hs.takeAll([demoted, kick])
  const { nid } = await hs.room(room.roomId)
  expect(await hs.current(room.roomId)).not.toContain(topic.eventId)
  const resets = await hs.storage.journal(nid, { limit: 100, resetsOnly: true })
  expect(resets).toMatchObject([{ to: 0, reset: true, cause: { kind: 'resolution' } }])
  expect(hs.input.counters.stateResets).toBe(1)
})

it('takes as history what was allowed then, whatever the current state says of its sender', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  const fork = room.extremities
  const ban = await room.member('@alice:a', '@bob:b', 'ban', { prev: fork })
  await hs.takeAll(room.events)
  const old = await room.message('said before the ban', { sender: '@bob:b', prev: fork })
  expect(await hs.take(old, { kind: InputKind.old })).toMatchObject({ verdict: 'accepted' })
  expect((await hs.outputs()).at(-1)).toMatchObject({ old_room_event: { event: { _event_id: old.eventId } } })
  expect(await hs.extremities(room.roomId)).toEqual([ban.eventId])
})

it('walks through rejected events once each, however often they name each other', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  let layer = room.extremities
  for (let depth = 0; depth < 30; depth++) {
    const prev = layer
    const one = await room.message(`${depth}`, { sender: '@eve:e', prev })
    layer = [one, await room.message(`${depth} again`, { sender: '@eve:e', prev })]
  }
  await hs.takeAll(room.events)
  const next = await room.message('upon all that', { prev: layer })
  expect(await hs.take(next)).toMatchObject({ verdict: 'accepted' })
  expect(await hs.extremities(room.roomId)).toEqual([next.eventId])
})
