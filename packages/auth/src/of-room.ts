import type { Pdu } from '@roomserver/events'
import { type AuthState, entryOf } from './state.ts'
import { type AuthRefused, refused } from './verdict.ts'

/** Whether an event of a state is of the room of another event, and of its room version. */
export function isOfRoom(entry: Pdu, { roomId, rules }: Pick<Pdu, 'roomId' | 'rules'>): boolean {
  return entry.roomId === roomId && (entry.rules === rules || entry.rules.version === rules.version)
}

/** The refusal of an event in the state of another room. */
export function ofOtherRoom({ roomId, rules }: Pdu, entry: Pdu): AuthRefused {
  const { eventId, roomId: other, rules: otherRules, type } = entry
  const reason = () =>
    other === roomId
      ? `${eventId} of type ${type} in the state is of room version ${otherRules.version}, the event of ${rules.version}`
      : `${eventId} of type ${type} in the state is of room ${other}, the event of ${roomId}`
  return refused(rules, 'auth-events/room', reason, [eventId])
}

/** What a check meets that asks for the state of one room: an event of another room, or of another room version. */
export class ForeignEntry {
  readonly entry: Pdu

  constructor(entry: Pdu) {
    this.entry = entry
  }
}

/** A state of which every entry that is read has to be of the room of its create event. */
export function stateOfRoom(state: AuthState, create: Pdu): AuthState {
  return {
    get: (type, stateKey) => {
      const entry = entryOf(state, type, stateKey)
      if (entry === undefined || isOfRoom(entry, create)) return entry
      throw new ForeignEntry(entry)
    },
  }
}
