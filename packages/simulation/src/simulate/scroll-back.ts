import { NO_NID } from '@roomserver/types'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

const LIMIT = 20

/** A client looks at what was said before its server came into the room. */
export async function scrollBack(world: World, server: SimulatedServer, roomId: string): Promise<void> {
  const extremities = await backwardsExtremities(world, server, roomId)
  if (extremities.size === 0) return
  world.figures.scrolled++
  const request = { room_id: roomId, limit: LIMIT, server_name: server.name }
  const answer = await server.call((api) =>
    api.performBackfill({ ...request, backwards_extremities: extremities }),
  )
  for (const { eventId } of answer?.events ?? []) server.shown.add(eventId)
  if (answer === undefined) server.lookedBack.add(roomId)
}

/** Events of a server's graph with those of their prev events that are not in it. */
async function backwardsExtremities(
  world: World,
  { storage }: SimulatedServer,
  roomId: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const events = world.eventsOf(roomId)
  const records = await storage.eventsById(events.map(({ eventId }) => eventId))
  const graph = new Set(records.filter(({ before }) => before !== NO_NID).map(({ eventId }) => eventId))
  return new Map(
    events
      .filter(({ eventId }) => graph.has(eventId))
      .map(({ eventId, prevEvents }) => [eventId, prevEvents.filter((id) => !graph.has(id))] as const)
      .filter(([, missing]) => missing.length > 0),
  )
}
