import { randomNumbers, textOf } from '@roomserver/testing'
import { isJsonObject, type JsonObject } from '@roomserver/types'
import type { RecordedLine, Recording } from '../../src/traffic/recording.ts'

/**
 * A recording as it would be had some of its events got lost: runs of inputs are taken out, and stand in the answer to
 * the question for what the next input of the room builds on, the newest first and one of them twice. There is somebody to ask when another server is in the room;
 * the last input of a room stays. Nothing is left that is compared.
 */
export function punch(recording: Recording, seed: number): Recording {
  const below = randomNumbers(seed)
  const latestStep = new Map<string, number>()
  for (const line of recording.lines) {
    if (line.kind === 'input' && isJsonObject(line.input['event']))
      latestStep.set(textOf(line.input['event']['room_id']), line.step)
  }
  const rooms = new Map<string, { lost: JsonObject[]; left: number; isShared: boolean }>()
  const lines = recording.lines.flatMap((line): readonly RecordedLine[] => {
    if (line.kind === 'federation') return [line]
    const event = line.kind === 'input' ? line.input['event'] : undefined
    if (line.kind !== 'input' || !isJsonObject(event)) return []
    const roomId = textOf(event['room_id'])
    const room = rooms.get(roomId)
    const isPlain = line.input['kind'] === 2 && line.input['has_state'] !== true
    if (room === undefined || !isPlain) {
      rooms.set(roomId, room ?? { lost: [], left: 0, isShared: !isPlain })
      return [line]
    }
    if (!textOf(event['sender']).endsWith(recording.serverName)) room.isShared = true
    const isFirst = room.isShared && room.lost.length === 0 && room.left === 0
    if (isFirst && below(4) === 0) room.left = 1 + below(12)
    if (room.left === 0 || latestStep.get(roomId) === line.step)
      return [line, ...answerOf(line.step, roomId, textOf(event['_event_id']), room.lost.splice(0))]
    room.left--
    room.lost.push(event)
    return []
  })
  return { ...recording, lines }
}

function answerOf(
  step: number,
  roomId: string,
  eventId: string,
  lost: readonly JsonObject[],
): readonly RecordedLine[] {
  if (lost.length === 0) return []
  const events = lost.map(({ _event_id, _room_version, ...event }) => event)
  const response = { events: [...events.toReversed(), ...events.slice(0, 1)] }
  const request = { S: 'other', RoomID: roomId, Missing: { latest_events: [eventId] } }
  const path = '/api/federationapi/client/lookupMissingEvents'
  return [{ kind: 'federation', step: step + 0.5, path, status: 200, request, response }]
}
