import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

/**
 * Invites into rooms that the user's server is not in are open exactly if they have to be, at any time: sooner or later
 * it is in the room, and then nobody can tell any more.
 */
export async function checkOpenInvites(world: World): Promise<void> {
  for (const { server, roomId, user, inviters, isDoubtful } of world.invites.all) {
    if (isDoubtful || server.isDown || !world.honest.includes(server) || (await server.isIn(roomId))) continue
    const isOpen = await server.isInvited(roomId, user)
    if (isOpen === inviters.size > 0) continue
    world.problem(`${server.name}: the invite of ${user} into ${roomId} is ${isOpen ? 'still' : 'not'} open`)
  }
}

/** Invites are open exactly if they have to be, and were announced so. */
export async function checkInvites(world: World): Promise<void> {
  await checkOpenInvites(world)
  for (const server of world.honest) await checkAnnounced(world, server)
}

/** What was announced of invites adds up to those that are open. */
async function checkAnnounced(world: World, server: SimulatedServer): Promise<void> {
  const open = new Map<string, { readonly roomId: string; readonly user: string }>()
  for (const { kind, roomId, eventId, eventJson, body } of await server.storage.outputs(0, 100_000)) {
    const said = objectOf(JSON.parse(body) as JsonValue)
    if (kind === 'new_invite_event') {
      const event =
        eventJson === undefined ? objectOf(said['event']) : objectOf(JSON.parse(eventJson) as JsonValue)
      const id = eventId ?? textOf(event['_event_id'])
      if (open.has(id)) world.problem(`${server.name} announced the invite ${id} twice`)
      open.set(id, { roomId, user: textOf(event['state_key']) })
    }
    if (kind === 'retire_invite_event' && !open.delete(textOf(said['EventID']))) {
      world.problem(`${server.name} announced the end of an invite that was not open`)
    }
  }
  const users = new Set([...open.values()].map(({ roomId, user }) => JSON.stringify([roomId, user])))
  for (const roomId of world.rooms) {
    for (const user of server.users) {
      const isAnnounced = users.has(JSON.stringify([roomId, user]))
      if ((await server.isInvited(roomId, user)) === isAnnounced) continue
      world.problem(`${server.name}: the invite of ${user} into ${roomId} is not what was announced of it`)
    }
  }
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}
