import { isJsonObject, type JsonValue } from '@roomserver/types'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

/** What was announced of peeks is what was answered to those who peek; and who peeks is told of a room that is known. */
export async function checkPeeks(world: World, server: SimulatedServer): Promise<void> {
  const announced = await announcedPeeks(server)
  for (const { roomId, user, isOpen } of server.peeks.all) {
    if (isOpen !== announced.has(`${roomId} ${user}`)) {
      world.problem(`${server.name}: the peek of ${user} into ${roomId} is not what was announced of it`)
    }
    if (isOpen && !(await server.isIn(roomId))) {
      world.problem(`${server.name}: ${user} peeks into ${roomId}, of which nothing is known`)
    }
  }
}

async function announcedPeeks({ storage }: SimulatedServer): Promise<ReadonlySet<string>> {
  const open = new Set<string>()
  for (const { kind, roomId, body } of await storage.outputs(0, 100_000)) {
    if (kind !== 'new_peek' && kind !== 'retire_peek') continue
    const said = JSON.parse(body) as JsonValue
    const user = isJsonObject(said) && typeof said['UserID'] === 'string' ? said['UserID'] : ''
    if (kind === 'new_peek') open.add(`${roomId} ${user}`)
    else open.delete(`${roomId} ${user}`)
  }
  return open
}
