import { withoutHeader } from '@roomserver/events'
import { RoomserverError } from '@roomserver/types'
import type { StoredOutput } from '../ports.ts'

/**
 * The JSON text of an OutputEvent: the stored content with the event put in first.
 *
 * @throws {RoomserverError} STORE_DAMAGED when the event of the output is gone
 */
export function renderOutput(output: StoredOutput): string {
  const { kind, body } = output
  const event = output.event === 0 ? '' : eventMember(output)
  const content = event === '' ? body : `{${event}${body === '{}' ? '' : ','}${body.slice(1)}`
  return `{"type":"${kind}","${kind}":${content}}`
}

function eventMember(output: StoredOutput): string {
  const { eventJson, eventId, version, kind, roomId, seq } = output
  if (eventJson === undefined || eventId === undefined) {
    const what = `output ${seq} of room ${roomId} has no event`
    throw new RoomserverError('STORE_DAMAGED', { what, repair: 'roomserver check --repair' }, what)
  }
  const header = `"_room_version":${JSON.stringify(version)},"_event_id":${JSON.stringify(eventId)}`
  const name = kind === 'redacted_event' ? 'RedactedBecause' : 'event'
  return `"${name}":${withoutHeader(eventJson).slice(0, -1)},${header}}`
}
