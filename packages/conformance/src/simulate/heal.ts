import type { Pdu } from '@roomserver/events'
import { NO_NID } from '@roomserver/types'
import { endOf } from './compose.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { announce, deliverDue, takeIn } from './transport.ts'
import { isJoined, join, roomsOf, say } from './users.ts'
import type { World } from './world.ts'

const ROUNDS = 3
const STEP_MS = 5000
const MAX_WAITS = 200

/**
 * Ends all trouble: links are whole, servers are up, nothing is lost any more. Servers hear what others have, and each
 * says something in every room that it is in, so that the ends of the graph meet.
 */
export async function heal(world: World): Promise<void> {
  world.isHealed = true
  world.network.healForGood()
  for (const server of world.servers) {
    server.live()
    await server.goUp()
  }
  for (const server of world.servers) await announce(world, server)
  await quieten(world)
  await rejoinLost(world)
  for (let round = 0; round < ROUNDS; round++) {
    for (const roomId of roomsOf(world)) await spread(world, roomId)
    for (const roomId of roomsOf(world)) await repair(world, roomId)
    for (const roomId of roomsOf(world)) await meet(world, roomId)
  }
}

/** Waits until no message is on its way. */
async function quieten(world: World): Promise<void> {
  for (let waits = 0; waits < MAX_WAITS; waits++) {
    await deliverDue(world)
    if (world.network.isIdle) return
    world.network.pass(STEP_MS)
  }
  world.problem('messages are on their way for ever')
}

/** Servers that are in a room by what another one says, and that know nothing of it, join again. */
async function rejoinLost(world: World): Promise<void> {
  for (const roomId of roomsOf(world)) {
    for (const server of world.honest) {
      const room = await server.storage.room(roomId)
      if (room !== undefined && room.current !== NO_NID) continue
      const user = await joinedElsewhere(world, server, roomId)
      if (user !== undefined) await join(world, server, user, roomId)
    }
  }
  await quieten(world)
}

async function joinedElsewhere(
  world: World,
  server: SimulatedServer,
  roomId: string,
): Promise<string | undefined> {
  for (const other of world.honest) {
    const end = await other.call((api) => endOf(api, roomId))
    const user = end && server.users.find((one) => isJoined(end, one))
    if (user !== undefined) return user
  }
  return undefined
}

/** Honest servers that have users in a room, by what they know themselves. */
export async function residents(world: World, roomId: string): Promise<readonly SimulatedServer[]> {
  const found: SimulatedServer[] = []
  for (const server of world.honest) {
    if ((await world.audienceOf(server, roomId)).has(server.name)) found.push(server)
  }
  return found
}

/** Gives every event that one of the servers has in its graph to those that do not. */
async function spread(world: World, roomId: string): Promise<void> {
  const events = [...world.events.values()].filter((event) => event.roomId === roomId)
  const servers = await residents(world, roomId)
  for (const event of events) {
    const havers: SimulatedServer[] = []
    const others: SimulatedServer[] = []
    for (const server of servers) ((await hasInGraph(server, event)) ? havers : others).push(server)
    const [haver] = havers
    if (haver === undefined) continue
    for (const server of others) {
      await takeIn(world, server, event, haver.name)
      await announce(world, server)
    }
  }
  await quieten(world)
}

/** Lets what waits for something be tried again, now that everything can be fetched. */
async function repair(world: World, roomId: string): Promise<void> {
  for (const server of await residents(world, roomId)) {
    await server.takeUpRepairs(roomId)
    await announce(world, server)
  }
}

async function hasInGraph(server: SimulatedServer, event: Pdu): Promise<boolean> {
  const [record] = await server.storage.eventsById([event.eventId])
  return record !== undefined && record.before !== NO_NID
}

/** Each server says something, upon all that it has. */
async function meet(world: World, roomId: string): Promise<void> {
  for (const server of await residents(world, roomId)) {
    const end = await server.call((api) => endOf(api, roomId))
    const sender = end && server.users.find((user) => isJoined(end, user))
    if (end === undefined || sender === undefined) continue
    await say(world, server, end, { type: 'm.room.message', sender, content: { body: 'here' } })
    await quieten(world)
  }
}
