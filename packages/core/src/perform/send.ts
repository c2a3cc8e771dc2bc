import { InputKind, type InputRoomEvent } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { RoomId, RoomRecord } from '@roomserver/types'
import type { Outcome } from '../decide/event-input.ts'
import { roomWithState } from '../query/context.ts'
import { buildOnTop, type Saying } from './build.ts'
import type { PerformContext } from './context.ts'

/** Which servers get to see an event that we send: those of the room, or none. */
export type Audience = 'servers of the room' | 'nobody'

/**
 * Gives a new event to its room, on the way of every event.
 *
 * @returns why it was not taken, `''` when it was
 */
export async function send(
  context: PerformContext,
  event: Pdu,
  { audience = 'servers of the room', transaction = null }: SendOptions = {},
): Promise<string> {
  const input = newEvent(event, context.serverName, audience === 'nobody' ? '' : context.serverName)
  return failureOf(await context.input.takeIn({ ...input, transaction_id: transaction }))
}

/** For events that we make ourselves, failing softly is failing: nobody is told of them. */
function failureOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'stored':
      return outcome.verdict === 'accepted' ? '' : (outcome.reason ?? outcome.verdict)
    case 'missing':
      return 'events that it builds on are missing'
    case 'refused':
      return outcome.error.message
  }
}

/** How an event is sent. */
export interface SendOptions {
  readonly audience?: Audience
  /** The request of a client that made the event. */
  readonly transaction?: InputRoomEvent['transaction_id']
}

/** An event for the end of its room. */
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
export function say(
  context: PerformContext,
  roomId: RoomId,
  saying: (room: RoomRecord) => Promise<Saying | undefined>,
  options?: SendOptions,
): Promise<string> {
  return context.turns.take(roomId, async () => {
    const room = await roomWithState(context, roomId)
    const wanted = room === undefined ? undefined : await saying(room)
    if (room === undefined || wanted === undefined) return ''
    return await send(context, await buildOnTop(context, room, wanted), options)
  })
}
