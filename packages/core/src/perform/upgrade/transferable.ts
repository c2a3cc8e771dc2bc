import type { Pdu } from '@roomserver/events'

/** Created for the new room, or specific to the old one. */
const ABOUT_THE_ROOM: readonly string[] = [
  'm.room.create',
  'm.room.member',
  'm.room.power_levels',
  'm.room.join_rules',
  'm.room.tombstone',
]

/** What they say depends on who sent them: the user who upgrades would say it in the new room. */
const ABOUT_THE_SENDER: readonly string[] = [
  'm.bridge',
  'm.room.aliases',
  'm.room.third_party_invite',
  'm.space.parent',
  'm.widget',
]

/**
 * Whether a state event can be said again by somebody else in another room. Outside the Matrix namespace nobody but the
 * clients knows, and state that has a user in its key is that user's.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#room-upgrades
 */
export function isTransferable({ type, stateKey = '' }: Pick<Pdu, 'type' | 'stateKey'>): boolean {
  if (!type.startsWith('m.') || ABOUT_THE_ROOM.includes(type) || ABOUT_THE_SENDER.includes(type)) return false
  return !/^_?@/.test(stateKey)
}
