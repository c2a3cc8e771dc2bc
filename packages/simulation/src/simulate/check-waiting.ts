import { NO_NID } from '@roomserver/types'
import { residents } from './heal.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

/** No event waits for others that are here, in any room that its server is in. */
export async function checkWaiting(world: World): Promise<void> {
  for (const roomId of world.rooms) {
    for (const server of await residents(world, roomId)) {
      const waiting = server.waiting.filter((one) => one.roomId === roomId)
      for (const { eventId } of waiting) {
        if (await lacksNothing(world, server, eventId)) {
          world.problem(`${server.name}: ${eventId} waits for what is here`)
        }
      }
    }
  }
}

/** One of which only the text is known stays beside the graph while what is before it is not certain. */
async function lacksNothing(world: World, { storage }: SimulatedServer, eventId: string): Promise<boolean> {
  const event = world.events.get(eventId)
  if (event === undefined) return false
  const stored = await storage.eventsById([eventId, ...event.prevEvents, ...event.authEvents])
  const records = new Map(stored.map((record) => [record.eventId, record]))
  if (records.has(eventId)) return false
  const isInGraph = (id: string): boolean => (records.get(id)?.before ?? NO_NID) !== NO_NID
  return event.prevEvents.every(isInGraph) && event.authEvents.every((id) => records.has(id))
}
