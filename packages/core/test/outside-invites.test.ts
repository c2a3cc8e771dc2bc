import type { FederationApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import { noteOutside } from '../src/decide/memberships.ts'
import { Operations } from './operations.ts'

const gone = () => Promise.reject(new Error('connection refused'))
const GONE: Partial<FederationApi> = { performJoinRequest: gone, performLeaveRequest: gone }

const inviteRequest = ({ eventId, json, rules }: Pdu) => ({
  room_version: rules.version,
  event: { roomVersion: rules.version, eventId, json },
  invite_room_state: [],
  invite_room_state_pdus: [],
  send_as_server: '',
  transaction_id: null,
})

/** A room that alice of ours is in, and in which bob of ours is something else. */
async function roomWithBob(bob: 'ban' | 'leave' | 'knock', joinRule = 'knock') {
  const server = await Operations.start({ federation: GONE })
  const room = await RoomBuilder.create()
  await room.join('@mod:b')
  await room.state('m.room.join_rules', '', { join_rule: joinRule })
  if (bob === 'ban') await room.member('@alice:a', '@bob:a', 'ban')
  if (bob === 'knock') await room.member('@bob:a', '@bob:a', 'knock')
  if (bob === 'leave') {
    await room.member('@alice:a', '@bob:a', 'invite')
    await room.join('@bob:a')
    await room.member('@bob:a', '@bob:a', 'leave')
  }
  await server.hs.takeAll(room.events)
  const membership = async () => {
    const { nid } = await server.hs.room(room.roomId)
    const { membership: known, event = 0 } = (await server.hs.storage.membership(nid, '@bob:a')) ?? {}
    return `${known} ${event === 0 ? 'from outside' : 'by the state'}`
  }
  const invited = async () =>
    (await server.hs.outputs()).filter((output) => output.type === 'new_invite_event').length
  return {
    server,
    room,
    membership,
    invited,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** An invite whose prev events nobody ever heard of: the rules cannot be asked. */
async function unconnected(room: RoomBuilder, sender: string): Promise<Pdu> {
  const known = room.extremities
  const unseen = await room.message('never sent to us', { prev: known })
  return await room.member(sender, '@bob:a', 'invite', { prev: [unseen] })
}

describe('an invite from another server into a room that we are in', () => {
  it.each(['ban', 'leave', 'knock'] as const)('changes no %s when the rules forbid it', async (bob) => {
    await using world = await roomWithBob(bob)
    const { server, room, membership, invited } = world
    const before = await invited()
    const bogus = await room.member('@eve:e', '@bob:a', 'invite')
    expect(await server.api.performInvite(inviteRequest(bogus))).toMatchObject({ Error: { Code: 1 } })
    expect(await membership()).toBe(`${bob} by the state`)
    expect(await invited()).toBe(before)
  })

  it.each(['leave', 'knock'] as const)(
    'changes no %s when it cannot be checked, and can be rejected',
    async (bob) => {
      await using world = await roomWithBob(bob)
      const { server, room, membership, invited } = world
      const before = await invited()
      const invite = await unconnected(room, '@eve:e')
      expect(await server.api.performInvite(inviteRequest(invite))).toEqual({ Error: null })
      expect(await membership()).toBe(`${bob} by the state`)
      expect(await invited()).toBe(before + 1)
      await server.api.performLeave({ room_id: room.roomId, user_id: '@bob:a' })
      expect(await membership()).toBe(`${bob} by the state`)
      expect(await server.lastOutput()).toMatchObject({
        retire_invite_event: { EventID: invite.eventId, TargetUserID: '@bob:a' },
      })
    },
  )

  it('lifts no ban when it cannot be checked, so that the ban stays in an upgraded room', async () => {
    await using world = await roomWithBob('ban')
    const { server, room, membership } = world
    const bogus = await unconnected(room, '@eve:e')
    expect(await server.api.performInvite(inviteRequest(bogus))).toMatchObject({
      Error: { Code: 1, Msg: '@bob:a is banned from the room' },
    })
    expect(await membership()).toBe('ban by the state')
    const request = { room_id: room.roomId, user_id: '@alice:a', room_version: '11' }
    const { NewRoomID: newRoom } = await server.api.performRoomUpgrade(request)
    expect(await server.content(newRoom, 'm.room.member', '@bob:a')).toEqual({ membership: 'ban' })
  })

  it('is an event of the room where the rules allow it', async () => {
    await using world = await roomWithBob('knock')
    const { server, room, membership } = world
    const invite = await room.member('@mod:b', '@bob:a', 'invite')
    expect(await server.api.performInvite(inviteRequest(invite))).toEqual({ Error: null })
    expect(await membership()).toBe('invite by the state')
    expect(await server.hs.extremities(room.roomId)).toEqual([invite.eventId])
    const announced = (await server.hs.outputs()).slice(-2)
    expect(announced).toMatchObject([
      { new_invite_event: { event: { _event_id: invite.eventId } } },
      { new_room_event: { event: { _event_id: invite.eventId } } },
    ])
  })
})

/** Our last user left, and nothing of the room comes in any more; what its state says may have changed, but who knows. */
it('an invite into a room that our users have left lifts no ban, and can be accepted all the same', async () => {
  await using world = await roomWithBob('ban')
  const { server, room, membership } = world
  await server.api.performLeave({ room_id: room.roomId, user_id: '@alice:a' })
  const invite = await unconnected(room, '@mod:b')
  expect(await server.api.performInvite(inviteRequest(invite))).toEqual({ Error: null })
  expect(await membership()).toBe('ban by the state')
  const { nid } = await server.hs.room(room.roomId)
  expect(await server.hs.storage.pendingInvites(nid, '@bob:a')).toHaveLength(1)

  await server.api.performLeave({ room_id: room.roomId, user_id: '@bob:a' })
  expect(await server.hs.storage.pendingInvites(nid, '@bob:a')).toEqual([])
  expect(await membership(), 'given up').toBe('ban by the state')
  expect(await server.hs.storage.membership(nid, '@bob:a')).toMatchObject({ forgotten: true })
})

/** The invite had taken the place of the leave, and the state, in which nothing changed, did not bring that back. */
it('an invite into a room that our users had left can be rejected when they are in again', async () => {
  await using world = await roomWithBob('leave', 'public')
  const { server, room, membership } = world
  const { events } = room
  const state = [events[0], events[1], events[2], events[4], events[5], events[8]]
  await server.api.performLeave({ room_id: room.roomId, user_id: '@alice:a' })
  await server.api.performInvite(inviteRequest(await unconnected(room, '@mod:b')))
  expect(await membership()).toBe('invite from outside')
  const given = { has_state: true, state_event_ids: state.flatMap((event) => event?.eventId ?? []) }
  expect(await server.hs.take(await room.join('@carl:a'), given)).toMatchObject({ verdict: 'accepted' })
  expect(await membership()).toBe('invite from outside')
  await server.api.performLeave({ room_id: room.roomId, user_id: '@bob:a' })
  expect(await membership()).toBe('leave by the state')
})

describe('an invite that is delivered again', () => {
  const listed = async (server: Operations) =>
    (await server.api.queryRoomsForUser({ UserID: '@alice:a', WantMembership: 'invite' })).RoomIDs

  async function invited() {
    const server = await Operations.start({ federation: GONE })
    const room = await RoomBuilder.create({ creator: '@bob:b', roomId: '!far:b', joinRule: 'invite' })
    const invite = await room.member('@bob:b', '@alice:a', 'invite')
    await server.api.performInvite(inviteRequest(invite))
    expect(await listed(server)).toEqual(['!far:b'])
    return { server, room, invite, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  }

  it('after its rejection is not listed, and a new one is', async () => {
    await using world = await invited()
    const { server, room, invite } = world
    await server.api.performLeave({ room_id: '!far:b', user_id: '@alice:a' })
    expect(await server.api.performInvite(inviteRequest(invite))).toEqual({ Error: null })
    expect(await listed(server)).toEqual([])
    await server.api.performInvite(inviteRequest(await room.member('@bob:b', '@alice:a', 'invite')))
    expect(await listed(server)).toEqual(['!far:b'])
    await server.api.performLeave({ room_id: '!far:b', user_id: '@alice:a' })
    expect(await listed(server)).toEqual([])
  })

  /** As databases have it in which an invite came again after its rejection. */
  it('and is listed from then on, without being there, can be rejected', async () => {
    await using world = await invited()
    const { server } = world
    await server.api.performLeave({ room_id: '!far:b', user_id: '@alice:a' })
    await server.hs.input.runTask({
      roomId: '!far:b',
      version: '10',
      name: 'list the user as invited',
      bytes: 0,
      decide: (draft) => noteOutside(draft, '@alice:a', 'invite'),
    })
    expect(await listed(server)).toEqual(['!far:b'])
    await server.api.performLeave({ room_id: '!far:b', user_id: '@alice:a' })
    expect(await listed(server)).toEqual([])
  })

  it('after its withdrawal is neither listed nor announced', async () => {
    await using world = await invited()
    const { server, room, invite } = world
    await server.hs.take(await room.member('@bob:b', '@alice:a', 'leave'))
    const before = await server.hs.outputs()
    await server.api.performInvite(inviteRequest(invite))
    expect(await listed(server)).toEqual([])
    expect(await server.hs.outputs()).toEqual(before)
  })
})

describe('performJoin, while the inviting server is down', () => {
  const join = (server: Operations, room: RoomBuilder, user_id = '@bob:a') =>
    server.api.performJoin({ room_id_or_alias: room.roomId, user_id, content: {}, server_names: [] })

  it('joins a public room that we are in', async () => {
    await using world = await roomWithBob('leave', 'public')
    const { server, room, membership } = world
    await server.api.performInvite(inviteRequest(await unconnected(room, '@mod:b')))
    expect(await join(server, room)).toMatchObject({ JoinedVia: 'a', Error: null })
    expect(await membership()).toBe('join by the state')
    const { nid } = await server.hs.room(room.roomId)
    expect(await server.hs.storage.pendingInvites(nid, '@bob:a')).toEqual([])
  })

  it('joins a room that we are in and whose state has the invite', async () => {
    await using world = await roomWithBob('knock')
    const { server, room } = world
    await server.api.performInvite(inviteRequest(await room.member('@mod:b', '@bob:a', 'invite')))
    expect(await join(server, room)).toMatchObject({ JoinedVia: 'a', Error: null })
  })

  it('leaves a user as they are who is in the room already', async () => {
    await using world = await roomWithBob('knock')
    const { server, room } = world
    const before = await server.hs.outputs()
    expect(await join(server, room, '@alice:a')).toMatchObject({ JoinedVia: 'a', Error: null })
    expect(await server.hs.outputs()).toEqual(before)
  })

  it('lets a user of ours into a restricted room, whatever invite a stranger made up', async () => {
    const server = await Operations.start({ federation: GONE })
    await using _server = server
    const club = await RoomBuilder.create({ roomId: '!club:a' })
    await club.join('@bob:a')
    const room = await RoomBuilder.create()
    const allow = [{ type: 'm.room_membership', room_id: '!club:a' }]
    await room.state('m.room.join_rules', '', { join_rule: 'restricted', allow })
    await server.hs.takeAll([...club.events, ...room.events])
    await server.api.performInvite(inviteRequest(await unconnected(room, '@eve:e')))
    expect(await join(server, room)).toMatchObject({ JoinedVia: 'a', Error: null })
    expect(await server.content(room.roomId, 'm.room.member', '@bob:a')).toMatchObject({
      join_authorised_via_users_server: '@alice:a',
    })
  })
})
