import type { Pdu } from '@roomserver/events'
import type { EventId, RoomId } from '@roomserver/types'
import type { PerformContext } from '../context.ts'
import { NewRoom } from '../new-room.ts'
import { Refusal } from '../refusal.ts'
import { newEvent } from '../send.ts'
import { type Carried, carriedOver } from './carry-over.ts'
import { oldState } from './old-state.ts'
import type { RoomUpgrade } from './room-upgrade.ts'

/** What is known of the new room beforehand. */
export interface Beforehand {
  /** `undefined` where the ID is made from the create event. */
  readonly roomId: RoomId | undefined
  readonly tombstone: EventId | undefined
}

/**
 * Makes the events of the new room of an upgrade, with all that it takes over. Nothing is sent.
 *
 * @returns the events in the order of the room, the create event first
 * @throws {Refusal} when the rules of the new room refuse an essential one
 */
export async function newRoomEvents(
  context: PerformContext,
  { room, userId, rules }: RoomUpgrade,
  { roomId, tombstone }: Beforehand,
): Promise<readonly Pdu[]> {
  const founding = { userId, rules, oldRoom: room.roomId, tombstone }
  const made = new NewRoom(context, { creator: userId, rules, roomId })
  for (const carried of carriedOver(await oldState(context, room, userId), founding)) await add(made, carried)
  return made.events
}

/** Adds a state event if it can be made and the rules allow it. @throws {Refusal} when it is essential otherwise */
async function add(made: NewRoom, { isEssential, ...event }: Carried): Promise<void> {
  try {
    const verdict = await made.add(event)
    if (verdict.allowed || !isEssential) return
    throw new Refusal('unclassified', `Failed to auth new "${event.type}" event: ${verdict.reason}`)
  } catch (error) {
    if (isEssential || !(error instanceof Refusal)) throw error
  }
}

/** Sends the events of a new room. @throws {Refusal} */
export async function sendNewRoom(
  context: PerformContext,
  roomId: RoomId,
  events: readonly Pdu[],
): Promise<void> {
  const inputs = events.map((event) => newEvent(event, context.serverName, ''))
  const { ErrMsg } = await context.input.inputRoomEvents({ input_room_events: inputs, async: false })
  if (ErrMsg === '') return
  throw new Refusal('unclassified', `Failed to send new room "${roomId}" to roomserver: ${ErrMsg}`)
}
