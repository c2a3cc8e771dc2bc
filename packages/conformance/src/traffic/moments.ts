import { isJsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import type { RecordedLine } from './recording.ts'

/** Within so many lines an operation calls other servers. */
export const NEAR = 100

/**
 * Until which step what a line brought about lasted: an input until its event was announced or, where it never was,
 * until the next input of the room.
 */
export function momentsOf(lines: readonly RecordedLine[]): ReadonlyMap<RecordedLine, number> {
  const moments = new Map<RecordedLine, number>()
  const announced = new Map<string, number>()
  const nextInput = new Map<string, number>()
  for (const line of lines.toReversed()) {
    const output = line.kind === 'output' ? line.payload['new_room_event'] : undefined
    if (isJsonObject(output)) announced.set(eventIn(output).id, line.step)
    if (line.kind === 'operation') moments.set(line, line.step + NEAR)
    if (line.kind !== 'input') continue
    const { id, room } = eventIn(line.input)
    moments.set(line, announced.get(id) ?? nextInput.get(room) ?? Number.POSITIVE_INFINITY)
    nextInput.set(room, line.step)
  }
  return moments
}

function eventIn(holder: { readonly event?: JsonValue }): { readonly id: string; readonly room: string } {
  const event = isJsonObject(holder.event) ? holder.event : {}
  return { id: textOf(event['_event_id']), room: textOf(event['room_id']) }
}
