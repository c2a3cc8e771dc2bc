import type { Pdu } from '@roomserver/events'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { ROOM_VERSIONS, roomVersion } from '@roomserver/version'
import { createEvent, endOf, eventOn, inputOf, isAllowedAt, type RoomEnd, type Saying } from './compose.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { announce } from './transport.ts'
import type { World } from './world.ts'

const MAX_ROOMS = 3
const VERSIONS = [...ROOM_VERSIONS.keys()]

/** Lets one user of a server do one thing. */
export async function userActs(world: World, server: SimulatedServer): Promise<void> {
  const { dice } = world
  const rooms = roomsOf(world)
  const user = dice.pick(server.users)
  if (rooms.length === 0 || (rooms.length < MAX_ROOMS && dice.chance(4))) {
    return createRoom(world, server, user, dice.pick(VERSIONS))
  }
  const roomId = dice.pick(rooms)
  if (dice.chance(1)) return upgrade(world, server, user, roomId)
  const end = await server.call((api) => endOf(api, roomId))
  if (end === undefined || !isJoined(end, user)) return join(world, server, user, roomId)
  if (dice.chance(4)) return leave(world, server, user, roomId)
  await say(world, server, end, randomSaying(world, end, user))
}

/** Rooms that anybody has made, by their create events. */
export function roomsOf(world: World): readonly string[] {
  return [...new Set([...world.events.values()].map((event) => event.roomId))]
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
  const opening: readonly Saying[] = [
    member(user, user, 'join'),
    { type: 'm.room.power_levels', sender: user, stateKey: '', content: levels },
    { type: 'm.room.join_rules', sender: user, stateKey: '', content: { join_rule: 'public' } },
  ]
  for (const saying of opening) {
    const end = await server.call((api) => endOf(api, create.roomId))
    if (end !== undefined) await say(world, server, end, saying)
  }
}

/** Puts something into an event and gives it to the room server, as the client component does: after asking the rules. */
export async function say(
  world: World,
  server: SimulatedServer,
  end: RoomEnd,
  saying: Saying,
): Promise<void> {
  const event = await eventOn(end, saying, world.author(server))
  if (event !== undefined && isAllowedAt(end, event)) await submit(world, server, event)
}

async function submit(world: World, server: SimulatedServer, event: Pdu): Promise<void> {
  world.learn(event)
  const input = inputOf(event, { send_as_server: server.name })
  const request = { input_room_events: [input], async: world.dice.chance(10) }
  const answer = await server.call((api) => api.inputRoomEvents(request))
  if (answer?.ErrMsg === '') world.acknowledged.push({ server, eventId: event.eventId })
  await announce(world, server)
}

export async function join(
  world: World,
  server: SimulatedServer,
  user: string,
  roomId: string,
): Promise<void> {
  const others = world.servers.filter((other) => other !== server).map(({ name }) => name)
  const start = world.dice.below(others.length)
  const servers = [...others.slice(start), ...others.slice(0, start)]
  await server.call((api) =>
    api.performJoin({ room_id_or_alias: roomId, user_id: user, content: {}, server_names: servers }),
  )
  for (const one of world.servers) await announce(world, one)
}

async function leave(world: World, server: SimulatedServer, user: string, roomId: string): Promise<void> {
  await server.call((api) => api.performLeave({ room_id: roomId, user_id: user }))
  await announce(world, server)
}

async function upgrade(world: World, server: SimulatedServer, user: string, roomId: string): Promise<void> {
  const room_version = world.dice.pick(VERSIONS)
  await server.call((api) => api.performRoomUpgrade({ room_id: roomId, user_id: user, room_version }))
  await announce(world, server)
}

export function isJoined({ state }: RoomEnd, user: string): boolean {
  const event = state.find((one) => one.type === 'm.room.member' && one.stateKey === user)
  return event?.content['membership'] === 'join'
}

function randomSaying(world: World, { roomId, state }: RoomEnd, sender: string): Saying {
  const { dice } = world
  const kind = dice.below(100)
  const others = world.servers.flatMap(({ users }) => users)
  if (kind < 35) {
    return { type: 'm.room.message', sender, content: { body: dice.text(5), msgtype: 'm.text' } }
  }
  if (kind < 60) {
    const type = dice.pick(['m.room.topic', 'm.room.name', 'org.example.state'])
    return { type, sender, stateKey: dice.pick(['', '', 'key', '__proto__']), content: { n: dice.below(99) } }
  }
  if (kind < 75) {
    return { type: 'm.room.power_levels', sender, stateKey: '', content: randomLevels(world, state, others) }
  }
  if (kind < 82) {
    const rule = dice.pick(['public', 'public', 'invite', 'knock'])
    return { type: 'm.room.join_rules', sender, stateKey: '', content: { join_rule: rule } }
  }
  if (kind < 85) {
    const victim = dice.maybe([...world.events.values()].filter((event) => event.roomId === roomId))
    return { type: 'm.room.redaction', sender, content: {}, redacts: victim?.eventId ?? '' }
  }
  if (kind < 88) return member(sender, sender, 'join', { displayname: dice.text(3) })
  return member(sender, dice.pick(others), dice.pick(['leave', 'ban', 'invite', 'leave']))
}

function randomLevels(world: World, state: readonly Pdu[], others: readonly string[]): JsonObject {
  const { dice } = world
  const old = state.find((event) => event.type === 'm.room.power_levels')?.content ?? {}
  const users = objectOf(old['users'])
  if (dice.chance(70))
    return { ...old, users: { ...users, [dice.pick(others)]: dice.pick([0, 25, 50, 100]) } }
  const name = dice.pick(['state_default', 'ban', 'kick', 'invite', 'users_default'])
  return { ...old, [name]: dice.pick([0, 25, 50]) }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function member(sender: string, user: string, membership: string, more: JsonObject = {}): Saying {
  return { type: 'm.room.member', sender, stateKey: user, content: { ...more, membership } }
}
