import type { SimulatedServer } from './simulated-server.ts'
import { announceAll } from './transport.ts'
import type { World } from './world.ts'

const DEVICE = 'DEVICE'

/** Lets a user look into a room from outside, or has enough of it. */
export async function peek(
  world: World,
  server: SimulatedServer,
  user: string,
  roomId: string,
): Promise<void> {
  const open = server.peeks.isOpen(roomId, user)
  if (open) await unpeek(server, user, roomId)
  else {
    const request = { room_id_or_alias: roomId, user_id: user, device_id: DEVICE }
    const servers = world.othersOf(server)
    const answer = await server.call((api) => api.performPeek({ ...request, server_names: servers }))
    if (answer === undefined) server.peeks.doubt(roomId, user)
    else if (answer.Error === null) server.peeks.begin(roomId, user)
  }
  await announceAll(world)
}

async function unpeek(server: SimulatedServer, user: string, roomId: string): Promise<void> {
  const request = { room_id: roomId, user_id: user, device_id: DEVICE }
  const answer = await server.call((api) => api.performUnpeek(request))
  if (answer === undefined) server.peeks.doubt(roomId, user)
  else if (answer.Error === null) server.peeks.end(roomId, user)
}
