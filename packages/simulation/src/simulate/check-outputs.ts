import { renderOutput } from '@roomserver/core'
import { NO_NID } from '@roomserver/types'
import { checkOutputs, type NumberedOutput } from '../oracle/check-outputs.ts'
import type { SimulatedServer } from './simulated-server.ts'
import type { World } from './world.ts'

const PAGE = 500

/** The outputs of every room of a server. What its users were given when they looked back needs no output. */
export async function checkAllOutputs(world: World, server: SimulatedServer): Promise<void> {
  const { storage, lookedBack, shown } = server
  for (const [roomId, outputs] of await outputsByRoom(server)) {
    const room = await storage.room(roomId)
    if (room === undefined || room.current === NO_NID) continue
    const answer = await server.call((api) =>
      api.queryLatestEventsAndState({ room_id: roomId, state_to_fetch: [] }),
    )
    const current = (answer?.state_events ?? []).map(({ eventId }) => eventId)
    const events = await storage.eventsById(world.eventsOf(roomId).map(({ eventId }) => eventId))
    const isHistory = (id: string) => lookedBack.has(roomId) || shown.has(id)
    for (const problem of checkOutputs({ room, events, current }, outputs, isHistory))
      world.problem(`${server.name}: ${problem}`)
  }
}

async function outputsByRoom({
  storage,
}: SimulatedServer): Promise<ReadonlyMap<string, readonly NumberedOutput[]>> {
  const rooms = new Map<string, NumberedOutput[]>()
  for (let after = 0; ; ) {
    const rows = await storage.outputs(after, PAGE)
    for (const row of rows) {
      const outputs = rooms.get(row.roomId) ?? []
      rooms.set(row.roomId, outputs)
      outputs.push({ seq: row.seq, payload: renderOutput(row) })
    }
    const last = rows.at(-1)
    if (last === undefined) return rooms
    after = last.position
  }
}
