import { RoomBuilder } from '@roomserver/testing'
import { type JsonObject, RoomserverError } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { Operations } from './operations.ts'

/** A room of alice's as a test furnishes it, upgraded to another version. */
async function upgraded(
  from: string,
  to: string,
  furnish: (room: RoomBuilder) => Promise<unknown> = async () => undefined,
  userId = '@alice:a',
) {
  const server = await Operations.start()
  const room = RoomBuilder.empty({ version: from })
  await furnish(room)
  for (const event of room.events) {
    expect(await server.hs.take(event)).toMatchObject({ verdict: 'accepted' })
  }
  const request = { room_id: room.roomId, user_id: userId, room_version: to }
  const { NewRoomID: newRoom, Error: error } = await server.api.performRoomUpgrade(request)
  expect(error).toBeNull()
  return {
    server,
    room,
    newRoom,
    content: (type: string, stateKey = '') => server.content(newRoom, type, stateKey),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** The room as nearly every room is, with its own levels and what its create event says besides. */
function plain(users: JsonObject, create: JsonObject = {}) {
  return async (room: RoomBuilder) => {
    await room.addCreate(create)
    await room.join('@alice:a')
    await room.state('m.room.power_levels', '', { users })
    await room.state('m.room.join_rules', '', { join_rule: 'public' })
  }
}

describe('creators', () => {
  const create = {
    additional_creators: ['@carol:a', '@bob:b'],
    type: 'm.space',
    'org.example': 'kept by nobody',
  }

  it('of a version 12 room do not create the next one, and keep the highest level there is', async () => {
    await using after = await upgraded('12', '12', plain({ '@dave:a': 120 }, create))
    expect(await after.content('m.room.create')).toEqual({
      type: 'm.space',
      room_version: '12',
      predecessor: { room_id: after.room.roomId },
    })
    const users = { '@dave:a': 120, '@carol:a': 120, '@bob:b': 120 }
    expect(await after.content('m.room.power_levels')).toEqual({ users })
  })

  it.each(['6', '10', '11'])('of a version 12 room rule the new one of version %s', async (to) => {
    await using after = await upgraded('12', to, plain({ '@dave:a': 50 }, create))
    const users = { '@dave:a': 50, '@alice:a': 100, '@carol:a': 100, '@bob:b': 100 }
    expect(await after.content('m.room.power_levels')).toEqual({ users })
    expect(await after.content('m.room.create')).not.toHaveProperty('additional_creators')
  })

  it('rule the new room where somebody else upgraded theirs', async () => {
    const furnish = async (room: RoomBuilder) => {
      await plain({ '@dave:a': 50 })(room)
      await room.state('m.room.power_levels', '', {
        users: { '@dave:a': 50 },
        events: { 'm.room.tombstone': 50 },
      })
      await room.join('@dave:a')
    }
    await using after = await upgraded('12', '11', furnish, '@dave:a')
    expect(await after.content('m.room.power_levels')).toMatchObject({
      users: { '@dave:a': 50, '@alice:a': 100 },
    })
  })

  // A version 11 room may say so, where it means nothing.
  it('are not made by what an old create event happens to say', async () => {
    await using after = await upgraded('11', '12', plain({ '@alice:a': 100 }, create))
    expect(await after.content('m.room.create')).not.toHaveProperty('additional_creators')
    expect(await after.content('m.room.power_levels')).toEqual({ users: {} })
  })
})

describe('a room without', () => {
  it.each([
    ['10', '11', { users: { '@alice:a': 100 } }],
    ['10', '12', { users: {} }],
    ['12', '12', { users: {} }],
    ['12', '10', { users: { '@alice:a': 100 } }],
  ])('power levels becomes one that its creator rules: %s to %s', async (from, to, levels) => {
    await using after = await upgraded(from, to, async (room) => {
      await room.addCreate()
      await room.join('@alice:a')
    })
    expect(await after.content('m.room.power_levels')).toEqual(levels)
    const closed = await after.server.content(after.room.roomId, 'm.room.power_levels')
    expect(closed).toMatchObject({ events_default: 50, invite: 50 })
  })

  it('join rules becomes one for those who are invited', async () => {
    await using after = await upgraded('10', '11', async (room) => {
      await room.addCreate()
      await room.join('@alice:a')
      await room.state('m.room.power_levels', '', { users: { '@alice:a': 100 } })
    })
    expect(await after.content('m.room.join_rules')).toEqual({ join_rule: 'invite' })
  })
})

it.each([
  ['10', '11', 'knock_restricted', 'knock_restricted'],
  ['10', '9', 'knock_restricted', 'restricted'],
  ['10', '7', 'knock_restricted', 'knock'],
  ['10', '6', 'knock_restricted', 'invite'],
  ['10', '7', 'restricted', 'invite'],
  ['10', '6', 'knock', 'invite'],
])(
  'keeps out who was kept out where the new version knows fewer join rules: %s to %s, %s',
  async (from, to, old, rule) => {
    await using after = await upgraded(from, to, async (room) => {
      await plain({ '@alice:a': 100 })(room)
      await room.state('m.room.join_rules', '', { join_rule: old, allow: [] })
    })
    expect(await after.content('m.room.join_rules')).toEqual({ join_rule: rule, allow: [] })
  },
)

it('carries over what anybody could say, and nothing that depends on who says it', async () => {
  const said = { from: 'the old room' }
  const yes = ['m.room.name', 'm.room.topic', 'm.room.encryption', 'm.room.server_acl', 'm.space.child']
  const no = [
    ['m.room.third_party_invite', 'token'],
    ['m.space.parent', '!space:a'],
    ['m.widget', 'w1'],
    ['im.vector.modular.widgets', 'w1'],
    ['uk.half-shot.bridge', 'irc'],
    ['m.beacon_info', '@alice:a'],
    ['m.call.member', '_@alice:a_PHONE'],
  ] as const
  await using after = await upgraded('10', '11', async (room) => {
    await plain({ '@alice:a': 100 })(room)
    for (const type of yes) await room.state(type, '', said)
    for (const [type, stateKey] of no) await room.state(type, stateKey, said)
  })
  for (const type of yes) expect(await after.content(type), type).toEqual(said)
  for (const [type, stateKey] of no) expect(await after.content(type, stateKey), type).toBeUndefined()
})

/** Whoever upgrades may have less power than somebody who was banned by others. */
it('carries bans over of users whose level is above that of the one who upgrades', async () => {
  const levels = {
    users: { '@alice:a': 100, '@bob:a': 50, '@eve:e': 90 },
    events: { 'm.room.tombstone': 50 },
  }
  const furnish = async (room: RoomBuilder) => {
    await plain({ '@alice:a': 100 })(room)
    await room.join('@bob:a')
    await room.state('m.room.power_levels', '', levels)
    await room.member('@alice:a', '@eve:e', 'ban')
  }
  await using after = await upgraded('10', '11', furnish, '@bob:a')
  expect(await after.content('m.room.member', '@eve:e')).toEqual({ membership: 'ban' })
  expect(await after.content('m.room.power_levels')).toEqual(levels)
})

/** An invite asks for no level above that of the user who is invited, so nobody needs a raise for it. */
it('raises nobody for the time of the upgrade where nobody is banned', async () => {
  const furnish = async (room: RoomBuilder) => {
    await plain({ '@alice:a': 100 })(room)
    await room.join('@bob:a')
    const users = { '@alice:a': 100, '@bob:a': 50, '@eve:e': 90 }
    await room.state('m.room.power_levels', '', { users, events: { 'm.room.tombstone': 50 } })
    await room.member('@alice:a', '@eve:e', 'invite')
  }
  await using after = await upgraded('10', '11', furnish, '@bob:a')
  expect(await after.content('m.room.member', '@eve:e')).toEqual({ membership: 'invite' })
  const made = (await after.server.hs.outputs()).filter(
    ({ new_room_event: output }) =>
      output?.event.room_id === after.newRoom && output.event.type === 'm.room.power_levels',
  )
  expect(made).toHaveLength(1)
})

it('is possible for a user whom somebody let into a restricted room', async () => {
  const allow = [{ type: 'm.room_membership', room_id: '!club:a' }]
  const furnish = async (room: RoomBuilder) => {
    await plain({ '@alice:a': 100, '@bob:a': 100 })(room)
    await room.state('m.room.join_rules', '', { join_rule: 'restricted', allow })
    const [create, alice, levels, rules] = [room.events[0], room.events[1], room.events[2], room.events[4]]
    const auth = [create, alice, levels, rules].filter((event) => event !== undefined)
    const content = { membership: 'join', displayname: 'Bob', join_authorised_via_users_server: '@alice:a' }
    await room.state('m.room.member', '@bob:a', content, { sender: '@bob:a', auth })
  }
  await using after = await upgraded('10', '11', furnish, '@bob:a')
  expect(await after.content('m.room.member', '@bob:a')).toEqual({ membership: 'join', displayname: 'Bob' })
})

it('leaves out what the new version cannot say: fractions, and levels that are none', async () => {
  await using after = await upgraded('5', '10', async (room) => {
    await plain({ '@alice:a': 100 })(room)
    const levels = { users: { '@alice:a': ' +100 ' }, ban: 60.5, notifications: 'none' }
    await room.state('m.room.power_levels', '', levels)
    await room.state('m.room.name', '', { name: 'Kitchen' })
    await room.state('m.room.avatar', '', { info: { ratio: 1.5 } })
  })
  expect(await after.content('m.room.power_levels')).toEqual({ users: { '@alice:a': 100 }, ban: 60 })
  expect(await after.content('m.room.name')).toEqual({ name: 'Kitchen' })
  expect(await after.content('m.room.avatar')).toBeUndefined()
})

it('leaves aliases to those who made them', async () => {
  const server = await Operations.start()
  await using _server = server
  const room = await RoomBuilder.create()
  await server.hs.takeAll(room.events)
  await server.api.setRoomAlias({ user_id: '@carl:a', alias: '#x:a', room_id: room.roomId })
  await server.api.performRoomUpgrade({ room_id: room.roomId, user_id: '@alice:a', room_version: '11' })
  const remove = server.api.removeRoomAlias({ user_id: '@carl:a', alias: '#x:a' })
  expect(await remove).toEqual({ found: true, removed: true })
})

it('is refused for a user of another server', async () => {
  const server = await Operations.start()
  await using _server = server
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await room.state('m.room.power_levels', '', { users: { '@alice:a': 100, '@bob:b': 100 } })
  await server.hs.takeAll(room.events)
  const request = { room_id: room.roomId, user_id: '@bob:b', room_version: '11' }
  expect(await server.api.performRoomUpgrade(request)).toMatchObject({
    Error: { Code: 2, Msg: 'User "@bob:b" does not belong to this homeserver' },
  })
})

it.each(['11', '12'])(
  'leaves no room of version %s behind when the tombstone cannot be stored',
  async (version) => {
    const full = () =>
      Promise.reject(new RoomserverError('STORE_UNAVAILABLE', { reason: 'disk full' }, 'disk full'))
    const server = await Operations.start({}, {}, (input) => ({
      ...input,
      ingest: (event) => (event.event?.json.includes('m.room.tombstone') ? full() : input.ingest(event)),
    }))
    await using _server = server
    const room = await RoomBuilder.create()
    await room.member('@alice:a', '@guest:a', 'invite')
    await server.hs.takeAll(room.events)
    const request = { room_id: room.roomId, user_id: '@alice:a', room_version: version }
    await expect(server.api.performRoomUpgrade(request)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const roomsOf = async (UserID: string, WantMembership: string) =>
      (await server.api.queryRoomsForUser({ UserID, WantMembership })).RoomIDs
    expect(await roomsOf('@alice:a', 'join')).toEqual([room.roomId])
    expect(await roomsOf('@guest:a', 'invite')).toEqual([room.roomId])
    expect(await server.content(room.roomId, 'm.room.tombstone')).toBeUndefined()
  },
)
