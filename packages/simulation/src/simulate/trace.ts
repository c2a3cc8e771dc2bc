import { createHash } from 'node:crypto'
import type { World } from './world.ts'

/** A hash over all that was said, and all that every server announced: the same for the same run. */
export async function traceOf(world: World): Promise<string> {
  const hash = createHash('sha256')
  for (const { json } of world.events.values()) hash.update(json)
  for (const server of world.servers) {
    const outputs = await server.storage.outputs(0, 100_000)
    for (const { roomId, seq, kind, eventId, body } of outputs.toSorted(byRoom)) {
      hash.update(JSON.stringify([server.name, roomId, seq, kind, eventId, body]))
    }
  }
  return hash.update(JSON.stringify(world.figures)).digest('hex')
}

interface Place {
  readonly roomId: string
  readonly seq: number
}

/** Nobody says which of two rooms is decided upon first when both are at once. */
function byRoom(a: Place, b: Place): number {
  return a.roomId === b.roomId ? a.seq - b.seq : a.roomId < b.roomId ? -1 : 1
}
