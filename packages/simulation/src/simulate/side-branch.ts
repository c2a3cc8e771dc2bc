import type { RoomserverApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { endOf, eventOn, isAllowedAt, isJoined, refOf, type RoomEnd, type EventTemplate } from './compose.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

const MAX_LENGTH = 3

/**
 * Events that nobody asked a liar for, and that the rules have nothing against: of others, from anywhere in the room, or
 * of its own, on a branch from some event of the past that nobody has heard of.
 */
export async function sideBranch(
  world: World,
  liar: SimulatedServer,
  api: RoomserverApi,
  roomId: string,
): Promise<readonly string[]> {
  const { dice } = world
  const events = world.eventsOf(roomId)
  const root = dice.maybe(events)
  if (dice.chance(50)) return events.filter(() => dice.chance(20)).map(({ json }) => json)
  const end = await endOf(api, roomId)
  const state = root && end && (await stateAfter(api, end, root))
  if (root === undefined || end === undefined || state === undefined) return []
  return await branchFrom(world, liar, { ...end, state, latest: [refOf(root)], depth: root.depth + 1 })
}

async function branchFrom(world: World, liar: SimulatedServer, start: RoomEnd): Promise<readonly string[]> {
  const { dice } = world
  const texts: string[] = []
  let end = start
  for (let length = 0; length <= dice.below(MAX_LENGTH); length++) {
    const sender = liar.users.find((user) => isJoined(end, user)) ?? dice.pick(liar.users)
    const event = await eventOn(end, said(world, sender), world.author(liar))
    if (event === undefined || !isAllowedAt(end, event)) return texts
    world.learn(event)
    texts.push(event.json)
    end = { ...end, state: withEvent(end.state, event), latest: [refOf(event)], depth: event.depth + 1 }
  }
  return texts
}

function said({ dice }: World, sender: string): EventTemplate {
  const kind = dice.below(3)
  if (kind === 0) return { type: 'm.room.message', sender, content: { body: dice.text(5) } }
  if (kind === 1) return { type: 'm.room.topic', sender, stateKey: '', content: { topic: dice.text(5) } }
  return { type: 'm.room.member', sender, stateKey: sender, content: { membership: 'join' } }
}

/** A state with one more event in it. */
export function withEvent(state: readonly Pdu[], event: Pdu): readonly Pdu[] {
  if (event.stateKey === undefined) return state
  return [...state.filter((one) => one.type !== event.type || one.stateKey !== event.stateKey), event]
}

/** What of a room's current state was there after an event. */
export async function stateAfter(
  api: Pick<RoomserverApi, 'queryStateAfterEvents'>,
  { roomId, state }: RoomEnd,
  { eventId }: Pdu,
): Promise<readonly Pdu[]> {
  const request = { room_id: roomId, prev_event_ids: [eventId], state_to_fetch: [] }
  const { state_events: after } = await api.queryStateAfterEvents(request)
  const ids = new Set(after.map((event) => event.eventId))
  return state.filter((event) => ids.has(event.eventId))
}
