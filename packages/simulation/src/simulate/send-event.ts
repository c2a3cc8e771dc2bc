import type { Pdu } from '@roomserver/events'
import { eventOn, inputOf, isAllowedAt, type RoomEnd, type EventTemplate } from './compose.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { announce } from './transport.ts'
import type { World } from './world.ts'

/** Puts something into an event and gives it to the room server, as the client component does: after asking the rules. */
export async function sendEvent(
  world: World,
  server: SimulatedServer,
  end: RoomEnd,
  template: EventTemplate,
): Promise<void> {
  const event = await eventOn(end, template, world.author(server))
  if (event !== undefined && isAllowedAt(end, event)) await submit(world, server, event)
}

/** Gives an event to its author's room server, and what comes of it to the network. */
export async function submit(world: World, server: SimulatedServer, event: Pdu): Promise<void> {
  world.learn(event)
  const input = inputOf(event, { send_as_server: server.name })
  const request = {
    input_room_events: [input],
    async: world.dice.chance(10) && !(await world.policies.of(server.name)),
  }
  const answer = await server.call((api) => api.inputRoomEvents(request))
  if (answer?.ErrMsg === '') world.acknowledged.push({ server, eventId: event.eventId })
  await announce(world, server)
}
