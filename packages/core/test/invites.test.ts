import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver, type Output } from './homeserver.ts'

const kinds = (outputs: readonly Output[]): readonly string[] => outputs.map((output) => output.type)

it.each([
  ['join', '@bob:b', 'join'],
  ['leave', '@bob:b', 'leave'],
  ['leave', '@alice:a', 'leave'],
  ['ban', '@alice:a', 'ban'],
])('ends an invite by a %s of %s, before the event that does it', async (membership, sender, announced) => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create({ joinRule: 'invite' })
  const invite = await room.member('@alice:a', '@bob:b', 'invite')
  const answer = await room.member(sender, '@bob:b', membership)
  await hs.takeAll(room.events)
  const outputs = (await hs.outputs()).slice(-4)
  expect(kinds(outputs)).toEqual([
    'new_invite_event',
    'new_room_event',
    'retire_invite_event',
    'new_room_event',
  ])
  expect(outputs[0]).toMatchObject({
    new_invite_event: { room_version: '10', event: { _event_id: invite.eventId } },
  })
  expect(outputs[2]).toEqual({
    type: 'retire_invite_event',
    retire_invite_event: {
      EventID: invite.eventId,
      TargetUserID: '@bob:b',
      RetiredByEventID: answer.eventId,
      Membership: announced,
    },
  })
  const { nid } = await hs.room(room.roomId)
  expect(await hs.storage.pendingInvites(nid, '@bob:b')).toEqual([])
  expect(await hs.storage.membership(nid, '@bob:b')).toMatchObject({ membership, local: false })
})

it('retires every invite that was pending when the user joins', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create({ joinRule: 'invite' })
  const first = await room.member('@alice:a', '@bob:b', 'invite')
  const second = await room.member('@alice:a', '@bob:b', 'invite')
  await room.join('@bob:b')
  await hs.takeAll(room.events)
  const retired = (await hs.outputs()).map((output) => output.retire_invite_event?.EventID)
  expect(retired.filter(Boolean)).toEqual([first.eventId, second.eventId])
})

it('leaves a member joined whose first message follows an invite into a room that we are in', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create({ joinRule: 'invite' })
  await room.member('@alice:a', '@bob:b', 'invite')
  await room.join('@bob:b')
  await room.message('hello', { sender: '@bob:b' })
  await hs.takeAll(room.events)
  const { nid } = await hs.room(room.roomId)
  expect(await hs.storage.membership(nid, '@bob:b')).toMatchObject({ membership: 'join' })
  expect(kinds((await hs.outputs()).slice(-3))).toEqual([
    'retire_invite_event',
    'new_room_event',
    'new_room_event',
  ])
})

it('does not reset state by two joins in short sequence', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const fork = room.extremities
  const bob = await room.join('@bob:b', { prev: fork })
  const bobAgain = await room.state(
    'm.room.member',
    '@bob:b',
    { membership: 'join', displayname: 'Bob' },
    {
      sender: '@bob:b',
      prev: [bob],
    },
  )
  const carol = await room.join('@carol:c', { prev: fork })
  await Promise.all([...room.events].map((event) => hs.take(event)))
  const current = await hs.current(room.roomId)
  expect(current).toContain(bobAgain.eventId)
  expect(current).toContain(carol.eventId)
  expect(hs.input.counters.stateResets).toBe(0)
})

it('knows the memberships of a room as its current state has them', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create({ version: '7' })
  await room.state('m.room.join_rules', '', { join_rule: 'knock' })
  await room.member('@kim:k', '@kim:k', 'knock')
  await room.member('@alice:a', '@eve:e', 'ban')
  await room.member('@alice:a', '@ann:a', 'invite')
  await room.join('@ann:a')
  await hs.takeAll(room.events)
  const { nid } = await hs.room(room.roomId)
  const rows = await hs.storage.membershipsOfRoom(nid)
  expect(rows.map(({ userId, membership, local }) => `${userId} ${membership} ${local}`).toSorted()).toEqual([
    '@alice:a join true',
    '@ann:a join true',
    '@eve:e ban false',
    '@kim:k knock false',
  ])
})
