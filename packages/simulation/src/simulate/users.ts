import { ROOM_VERSIONS, roomVersion } from '@roomserver/version'
import { createEvent, endOf, isJoined, member, type EventTemplate } from './compose.ts'
import { invite, isInvite, knock, reject } from './invitations.ts'
import { historyVisibility, randomJoinRule, randomEvent } from './random-events.ts'
import { peek } from './peeks.ts'
import { scrollBack } from './scroll-back.ts'
import { sendEvent, submit } from './send-event.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { aboutAddress } from './third-party.ts'
import { announce, announceAll } from './transport.ts'
import type { World } from './world.ts'

const MAX_ROOMS = 3
const VERSIONS = [...ROOM_VERSIONS.keys()]

/** Lets one user of a server do one thing. */
export async function userActs(world: World, server: SimulatedServer): Promise<void> {
  const { dice } = world
  const { rooms } = world
  const user = dice.pick(server.users)
  if (rooms.length === 0 || (rooms.length < MAX_ROOMS && dice.chance(4))) {
    return createRoom(world, server, user, dice.pick(VERSIONS))
  }
  const roomId = dice.pick(rooms)
  if (dice.chance(1)) return upgrade(world, server, user, roomId)
  const end = await server.call((api) => endOf(api, roomId))
  if (end === undefined || !isJoined(end, user)) return tryToEnter(world, server, user, roomId)
  if (dice.chance(4)) return leave(world, server, user, roomId)
  if (dice.chance(5)) return scrollBack(world, server, roomId)
  const template = dice.chance(4) ? await aboutAddress(world, end, user) : randomEvent(world, end, user)
  await (isInvite(template) ? invite(world, server, end, template) : sendEvent(world, server, end, template))
}

/** What a user does about a room that they are not in. */
async function tryToEnter(
  world: World,
  server: SimulatedServer,
  user: string,
  roomId: string,
): Promise<void> {
  const { dice } = world
  const isInvited = await server.isInvited(roomId, user)
  if (isInvited && dice.chance(40)) return reject(world, server, user, roomId)
  if (!isInvited && dice.chance(15)) return knock(world, server, user, roomId)
  if (dice.chance(15)) return peek(world, server, user, roomId)
  await join(world, server, user, roomId)
}

export async function createRoom(
  world: World,
  server: SimulatedServer,
  user: string,
  version: string,
): Promise<void> {
  const rules = roomVersion(version)
  if (rules === undefined) return
  const id = rules.roomId === 'create-hash' ? undefined : `!${world.dice.text(10)}:${server.name}`
  const create = await createEvent(rules, id, user, world.author(server))
  if (create === undefined) return
  world.figures.rooms++
  await submit(world, server, create)
  const levels = rules.auth.creatorsOutrankAll ? {} : { users: { [user]: 100 } }
  const joinRule = world.dice.chance(75) ? { join_rule: 'public' } : randomJoinRule(world)
  const opening: readonly EventTemplate[] = [
    member(user, user, 'join'),
    { type: 'm.room.power_levels', sender: user, stateKey: '', content: levels },
    { type: 'm.room.join_rules', sender: user, stateKey: '', content: joinRule },
    ...(world.dice.chance(30) ? [historyVisibility(user, 'world_readable')] : []),
    ...(await naming(world, server, user)),
  ]
  for (const template of opening) {
    const end = await server.call((api) => endOf(api, create.roomId))
    if (end !== undefined) await sendEvent(world, server, end, template)
  }
}

/** Names the policy server of a new room, in worlds that have any: the server that makes it. */
async function naming(
  world: World,
  { name }: SimulatedServer,
  user: string,
): Promise<readonly EventTemplate[]> {
  const policy = await world.policies.of(name)
  if (policy === undefined) return []
  return [{ type: 'm.room.policy', sender: user, stateKey: '', content: policy.content }]
}

export async function join(
  world: World,
  server: SimulatedServer,
  user: string,
  roomId: string,
): Promise<void> {
  world.departed.delete(`${roomId} ${user}`)
  const servers = world.othersOf(server)
  const answer = await server.call((api) =>
    api.performJoin({ room_id_or_alias: roomId, user_id: user, content: {}, server_names: servers }),
  )
  if (answer === undefined) world.invites.doubt(server, roomId, user)
  else if (answer.Error === null) world.invites.end(server, roomId, user)
  await announceAll(world)
}

async function leave(world: World, server: SimulatedServer, user: string, roomId: string): Promise<void> {
  const answer = await server.call((api) => api.performLeave({ room_id: roomId, user_id: user }))
  if (answer !== undefined) world.departed.set(`${roomId} ${user}`, { server, roomId, user })
  await announce(world, server)
}

async function upgrade(world: World, server: SimulatedServer, user: string, roomId: string): Promise<void> {
  const room_version = world.dice.pick(VERSIONS)
  await server.call((api) => api.performRoomUpgrade({ room_id: roomId, user_id: user, room_version }))
  await announce(world, server)
}
