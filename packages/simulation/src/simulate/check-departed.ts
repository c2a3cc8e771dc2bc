import { roomVersion } from '@roomserver/version'
import type { World } from './world.ts'

/** Whoever left, and did not try to come back, is out for his own server, whatever others have heard of it. */
export async function checkDeparted(world: World): Promise<void> {
  for (const { server, roomId, user } of world.departed.values()) {
    if (!world.honest.includes(server)) continue
    const room = await server.storage.room(roomId)
    const member = room && (await server.storage.membership(room.nid, user))
    if (room === undefined || member?.membership !== 'join') continue
    if (isAskedBack(world, roomId, user) && roomVersion(room.version)?.stateResolution === 'v1') continue
    world.problem(`${server.name}: ${user} left ${roomId} and is in it`)
  }
}

/**
 * Where others never heard that he left, and he was invited since, the first algorithm of resolution has him stay: of the
 * two memberships it takes the older, upon which nobody may invite him.
 */
function isAskedBack(world: World, roomId: string, user: string): boolean {
  return world
    .eventsOf(roomId)
    .some(({ stateKey, content }) => stateKey === user && content['membership'] === 'invite')
}
