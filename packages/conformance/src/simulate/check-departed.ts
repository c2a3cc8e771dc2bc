import type { World } from './world.ts'

/** Whoever left, and did not try to come back, is out for his own server, whatever others have heard of it. */
export async function checkDeparted(world: World): Promise<void> {
  for (const { server, roomId, user } of world.departed.values()) {
    if (!world.honest.includes(server)) continue
    const room = await server.storage.room(roomId)
    const member = room && (await server.storage.membership(room.nid, user))
    if (member?.membership === 'join') world.problem(`${server.name}: ${user} left ${roomId} and is in it`)
  }
}
