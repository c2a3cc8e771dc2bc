import type { LogEntry } from '@roomserver/producers'
import { isJsonObject, type JsonObject, type JsonValue, RoomserverError } from '@roomserver/types'
import type { Outputs } from '../outputs/outputs.ts'
import { type RoomEvent, roomEventOf } from './room-event.ts'

/** Which outputs are wanted. */
export interface SubscribeOptions {
  /** The position of the last output that was dealt with; left out: outputs from now on. */
  readonly from?: number | undefined
  /** Only those of this room. */
  readonly room?: string | undefined
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined
}

/** An output of a room: an event that was added, redacted or came from its past, an invite, a peek. */
export interface RoomOutput {
  /** Where it stands; `subscribe` continues after it. */
  readonly position: number
  readonly roomId: string
  /** Such as `new_room_event`; see `OutputEvent` of `@roomserver/api`. */
  readonly type: string
  /** The event that it is about, where there is one. Of `redacted_event` it is the redaction. */
  readonly event?: RoomEvent
  /** All that it says, in the form that it has on JetStream. */
  readonly content: JsonObject
}

/** Where outputs are followed. */
export interface Following {
  /** The position behind which it begins. */
  readonly start: Promise<number>
  /** Only outputs of this room. */
  readonly room: string | undefined
  /** Ends it. What fails after that fails because the store is closed, or for somebody who has gone. */
  readonly stop: AbortSignal
}

/** Follows outputs behind a position, and new ones as they come, until it is stopped. */
export async function* followOutputs(
  { log }: Pick<Outputs, 'log'>,
  { start, room, stop }: Following,
): AsyncGenerator<RoomOutput, void, void> {
  if (log === undefined) throw withoutLog()
  try {
    for await (const entry of log.follow(await start, stop)) {
      if (room === undefined || entry.roomId === room) yield roomOutputOf(entry)
    }
  } catch (error) {
    if (!stop.aborted) throw error
  }
}

/** The failure of whoever would read a log that is not kept. */
export function withoutLog(): RoomserverError {
  const details = { component: 'output log', operation: 'subscribe' }
  const message =
    'subscribe needs the output log, but outputs go to JetStream; use consumeOutputs of @roomserver/producers'
  return new RoomserverError('COMPONENT_NOT_CONFIGURED', details, message)
}

function roomOutputOf({ position, roomId, payload }: LogEntry): RoomOutput {
  const output: unknown = JSON.parse(payload)
  const type = isJsonObject(output) && typeof output['type'] === 'string' ? output['type'] : ''
  const said = isJsonObject(output) ? output[type] : undefined
  const content = isJsonObject(said) ? said : {}
  const event = eventIn(content['event'] ?? content['RedactedBecause'], roomId)
  return { position, roomId, type, ...(event !== undefined && { event }), content }
}

/** An event with its header, which stands in `_event_id` and `_room_version`. */
function eventIn(value: JsonValue | undefined, roomId: string): RoomEvent | undefined {
  if (!isJsonObject(value)) return undefined
  const { _event_id: eventId } = value
  return typeof eventId === 'string'
    ? roomEventOf({ eventId, json: JSON.stringify(value) }, roomId)
    : undefined
}
