import { roomVersion } from '@roomserver/version'
import type { World } from './world.ts'

/** A user who left, and did not try to come back, is out for their own server, whatever others have received. */
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
 * If others never received the leave, and the user was invited since, the first resolution algorithm keeps the user: of the
 * two memberships it takes the older, after which nobody may invite the user.
 */
function isAskedBack(world: World, roomId: string, user: string): boolean {
  return world
    .eventsOf(roomId)
    .some(({ stateKey, content }) => stateKey === user && content['membership'] === 'invite')
}
