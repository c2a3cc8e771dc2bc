import { NO_NID } from '@roomserver/types'
import { same } from './held.ts'
import type { SimulatedServer } from './simulated-server.ts'
import { bodyOf, type World } from './world.ts'

const PAGE = 500

/** What a consumer knows of a room by the outputs alone. */
interface Heard {
  seq: number
  readonly events: Set<string>
  readonly state: Set<string>
}

/**
 * Outputs of a room are numbered without a gap, each accepted event is announced or was given to who looked back, and none twice (but for the latest
 * where the state is rewritten), and the changes that they tell of add up to the current state.
 */
export async function checkOutputs(world: World, server: SimulatedServer): Promise<void> {
  const rooms = await listen(world, server)
  for (const [roomId, { events, state }] of rooms) {
    const room = await server.storage.room(roomId)
    if (room === undefined || room.current === NO_NID) continue
    const ids = world.eventsOf(roomId).map(({ eventId }) => eventId)
    const accepted = (await server.storage.eventsById(ids)).filter(({ verdict }) => verdict === 'accepted')
    for (const { eventId } of accepted) {
      const isShown = server.shown.has(eventId) || server.lookedBack.has(roomId)
      if (!events.has(eventId) && !isShown) world.problem(`${server.name} did not announce ${eventId}`)
    }
    const answer = await server.call((api) =>
      api.queryLatestEventsAndState({ room_id: roomId, state_to_fetch: [] }),
    )
    const current = (answer?.state_events ?? []).map(({ eventId }) => eventId).toSorted()
    if (!same([...state].toSorted(), current)) {
      world.problem(`${server.name}: the outputs of ${roomId} do not add up to its current state`)
    }
  }
}

async function listen(world: World, server: SimulatedServer): Promise<ReadonlyMap<string, Heard>> {
  const rooms = new Map<string, Heard>()
  for (let after = 0; ; ) {
    const outputs = await server.storage.outputs(after, PAGE)
    for (const { roomId, seq, kind, eventId, body } of outputs) {
      const heard = rooms.get(roomId) ?? { seq: 0, events: new Set<string>(), state: new Set<string>() }
      rooms.set(roomId, heard)
      if (seq !== heard.seq + 1) world.problem(`${server.name}: output ${seq} of ${roomId} is out of order`)
      heard.seq = seq
      if (eventId === undefined || (kind !== 'new_room_event' && kind !== 'old_room_event')) continue
      const { rewrites, adds, removes } = bodyOf(body)
      if (heard.events.has(eventId) && !rewrites) world.problem(`${server.name} announced ${eventId} twice`)
      heard.events.add(eventId)
      if (rewrites) heard.state.clear()
      for (const id of removes) heard.state.delete(id)
      for (const id of adds) heard.state.add(id)
    }
    const last = outputs.at(-1)
    if (last === undefined) return rooms
    after = last.position
  }
}
