import { NO_NID } from '@roomserver/types'
import { endOf, isJoined } from './compose.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { sendEvent } from './send-event.ts'
import { announce, deliverDue, ingest } from './transport.ts'
import { join } from './users.ts'
import type { World } from './world.ts'

const ROUNDS = 5
const STEP_MS = 5000
const MAX_WAITS = 200

/**
 * Ends all trouble: links are whole, servers are up, nothing is lost any more. Servers hear what others have, and each
 * says something in every room that it is in, so that the forward extremities meet.
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
  for (const roomId of world.rooms) {
    for (let round = 0; round < ROUNDS; round++) {
      await spread(world, roomId)
      await repair(world, roomId)
      await meet(world, roomId)
      if (await areOne(world, roomId)) break
    }
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
  for (const roomId of world.rooms) {
    for (const server of world.honest) {
      if (await server.isIn(roomId)) continue
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

/** Honest servers that have users in a room, by what they know themselves, or look into it. */
export async function residents(world: World, roomId: string): Promise<readonly SimulatedServer[]> {
  const found: SimulatedServer[] = []
  for (const server of world.honest) {
    const isInside = (await world.audienceOf(server, roomId)).has(server.name)
    if (isInside || (await looksIn(server, roomId))) found.push(server)
  }
  return found
}

/** A room into which users of the server were invited, or knocked, counts as departed. */
async function looksIn(server: SimulatedServer, roomId: string): Promise<boolean> {
  if (!server.peeks.rooms.has(roomId) || !(await server.isIn(roomId))) return false
  const room = await server.storage.room(roomId)
  return room !== undefined && (await server.storage.usersOfServer(room.nid, server.name)).length === 0
}

/** Gives every event that one of the servers has in its graph to those that do not. */
async function spread(world: World, roomId: string): Promise<void> {
  const graphs = await graphsOf(world, roomId)
  for (const event of world.eventsOf(roomId)) {
    const [haver] = graphs.find(([, { ids }]) => ids.has(event.eventId)) ?? []
    if (haver === undefined) continue
    for (const [server, { ids }] of graphs) {
      if (ids.has(event.eventId) || (await inGraph(server, [event.eventId])).size > 0) continue
      await ingest(world, server, event, haver.name)
      await announce(world, server)
    }
  }
  await quieten(world)
}

/** Whether all servers of a room have the same events, and the same ends. */
async function areOne(world: World, roomId: string): Promise<boolean> {
  const [first, ...others] = (await graphsOf(world, roomId)).map(([, graph]) => graph)
  return others.every(
    ({ ids, extremities }) =>
      first !== undefined && isSame(first.ids, ids) && isSame(first.extremities, extremities),
  )
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((id) => other.has(id))
}

/** What a server has of a room's graph. */
interface Graph {
  readonly ids: ReadonlySet<string>
  readonly extremities: ReadonlySet<string>
}

async function graphsOf(
  world: World,
  roomId: string,
): Promise<readonly (readonly [SimulatedServer, Graph])[]> {
  const eventIds = world.eventsOf(roomId).map((event) => event.eventId)
  const graphs: (readonly [SimulatedServer, Graph])[] = []
  for (const server of await residents(world, roomId)) {
    const room = await server.storage.room(roomId)
    const extremities = await server.storage.eventsByNid(room?.extremities ?? [])
    const graph = {
      ids: await inGraph(server, eventIds),
      extremities: new Set(extremities.map((end) => end.eventId)),
    }
    graphs.push([server, graph])
  }
  return graphs
}

/** Those of some events that a server has in its graph. */
async function inGraph({ storage }: SimulatedServer, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const records = await storage.eventsById(ids)
  return new Set(records.filter((one) => one.before !== NO_NID).map((one) => one.eventId))
}

/** Lets what waits for something be tried again, now that everything can be fetched. */
async function repair(world: World, roomId: string): Promise<void> {
  for (const server of await residents(world, roomId)) {
    await server.retryRepairs(roomId)
    await announce(world, server)
  }
}

/** Each server says something, upon all that it has; and those that only look in hear of it. */
async function meet(world: World, roomId: string): Promise<void> {
  let areAllHeard = true
  for (const server of await residents(world, roomId)) {
    const end = await server.call((api) => endOf(api, roomId))
    const sender = end && server.users.find((user) => isJoined(end, user))
    if (end === undefined || sender === undefined) {
      areAllHeard = false
      continue
    }
    await sendEvent(world, server, end, { type: 'm.room.message', sender, content: { body: 'here' } })
    await quieten(world)
  }
  if (!areAllHeard) await spread(world, roomId)
}
