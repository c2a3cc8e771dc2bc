import { decideArrival, isForDepartedRoom } from './decide-arrival.ts'
import { decideAndReevaluate } from '../reevaluate/decide-and-reevaluate.ts'
import type { Decision, EventInput } from '../decide/event-input.ts'
import type { RoomTask } from './room-tasks.ts'

/** What a waiting event takes beside its text: the parsed members and the task. */
const OVERHEAD_BYTES = 1000

/**
 * The task of taking an event in.
 *
 * @param inboxPosition - where it waits in the durable inbox; settled unless something is wanting
 */
export function eventTask(input: EventInput, inboxPosition?: number): RoomTask<Decision> {
  const { pdu } = input
  return {
    roomId: pdu.roomId,
    version: pdu.rules.version,
    settlesVersion: pdu.type === 'm.room.create',
    name: `deciding on ${pdu.eventId}`,
    bytes: OVERHEAD_BYTES + pdu.json.length * 2,
    arrival: {
      eventId: pdu.eventId,
      names: [...pdu.authEvents, ...pdu.prevEvents],
      isNew: input.kind === 'new',
      stateKey: pdu.stateKey,
    },
    decide: (draft) => decideAndReevaluate(draft, input),
    settles: (outcome) => (isWanting(outcome) ? undefined : inboxPosition),
  }
}

/**
 * The task of taking an event in that somebody gives us, and that we did not ask for.
 *
 * @param inboxPosition - see {@link eventTask}
 */
export function arrivalTask(input: EventInput, inboxPosition?: number): RoomTask<Decision> {
  return { ...eventTask(input, inboxPosition), decide: (draft) => decideArrival(draft, input) }
}

/** Whether an event that comes later, or is decided upon by another process at present, could change an outcome. */
export function isWanting(outcome: Decision): boolean {
  if (outcome.kind === 'missing' || outcome.kind === 'unchecked' || isForDepartedRoom(outcome)) return true
  return outcome.kind === 'refused' && outcome.error.code === 'ROOM_NOT_FOUND'
}
