import { InputKind, type InputRoomEvent } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { RoomId, RoomRecord } from '@roomserver/types'
import type { Outcome } from '../decide/event-input.ts'
import { roomWithState } from '../query/context.ts'
import { buildOnTop, refusalOf, type EventTemplate } from './build.ts'
import type { PerformContext } from './context.ts'

/**
 * Gives a new event to its room, on the way of every event; the servers of the room get to see it.
 *
 * @returns why it was not taken, `''` when it was
 */
export async function send({ input, serverName }: PerformContext, event: Pdu): Promise<string> {
  return failureOf(await input.ingest(newEvent(event, serverName, serverName)))
}

/** Why an event was not taken; `''`: it was. A soft failure counts as a failure: such an event is not announced. */
export function failureOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'stored':
      return outcome.verdict === 'accepted' ? '' : (outcome.reason ?? outcome.verdict)
    case 'missing':
      return 'prev events are missing'
    case 'refused':
      return outcome.error.message
  }
}

/**
 * An event for the end of its room.
 *
 * @param sendAsServer - in whose name to send it to the servers of the room; empty: not at all
 */
export function newEvent(event: Pdu, origin: string, sendAsServer: string): InputRoomEvent {
  return {
    kind: InputKind.new,
    event: { roomVersion: event.rules.version, eventId: event.eventId, json: event.json },
    origin,
    has_state: false,
    state_event_ids: [],
    send_as_server: sendAsServer,
    transaction_id: null,
  }
}

/**
 * Says something in a room, one after the other with all else that is said here.
 *
 * @param saying - given the room as it is when its turn has come; `undefined`: nothing is to be said after all
 * @returns why it was not taken, `''` when it was or nothing was said
 */
export function sendEvent(
  context: PerformContext,
  roomId: RoomId,
  template: (room: RoomRecord) => Promise<EventTemplate | undefined>,
): Promise<string> {
  return context.mutex.take(roomId, async () => {
    const room = await roomWithState(context, roomId)
    const wanted = room === undefined ? undefined : await template(room)
    if (room === undefined || wanted === undefined) return ''
    return await send(context, await buildOnTop(context, room, wanted))
  })
}

/**
 * {@link say}, unless the rules forbid it in the room as it is now: then nothing is sent, and the reason is the answer.
 */
export async function sendIfAllowed(
  context: PerformContext,
  roomId: RoomId,
  template: (room: RoomRecord) => Promise<EventTemplate | undefined>,
): Promise<string> {
  let refusal: string | undefined
  const failure = await sendEvent(context, roomId, async (room) => {
    const wanted = await template(room)
    if (wanted !== undefined) refusal = await refusalOf(context, room, wanted)
    return refusal === undefined ? wanted : undefined
  })
  return refusal ?? failure
}
