import { type ClientEvent, type Pdu, trustedPdu } from '@roomserver/events'
import { requireRoomVersion } from '@roomserver/version'

export const ROOM = '!room:a.test'
export const [ALICE, BOB, EVE] = ['@alice:a.test', '@bob:b.test', '@eve:e.test'] as const
export const V10 = requireRoomVersion('10')
export const V12 = requireRoomVersion('12')
export const V1 = requireRoomVersion('1')

let count = 0

/** A state event of a room of version 10. */
export function stateEvent(
  type: string,
  sender: string,
  stateKey: string,
  content: object,
  room = ROOM,
): Pdu {
  return trustedPdu({ type, sender, state_key: stateKey, content, room_id: room }, `$${++count}`, V10)
}

/** A message of that room. */
export function message(sender: string, room = ROOM): Pdu {
  return trustedPdu({ type: 'm.room.message', sender, content: {}, room_id: room }, `$${++count}`, V10)
}

/** A room in which Alice may do everything and Bob talks. Eve has never been there. */
export const EVENTS: readonly Pdu[] = [
  stateEvent('m.room.create', ALICE, '', { creator: ALICE, room_version: '10' }),
  stateEvent('m.room.member', ALICE, ALICE, { membership: 'join' }),
  stateEvent('m.room.power_levels', ALICE, '', { users: { [ALICE]: 100 } }),
  stateEvent('m.room.member', BOB, BOB, { membership: 'join' }),
]

/** A message as clients get it from `/messages` in a room of version 10. */
export const CLIENT_EVENT: ClientEvent = {
  event_id: '$mEmP4TqAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  type: 'm.room.message',
  sender: BOB,
  content: { body: 'hello', msgtype: 'm.text' },
  room_id: ROOM,
  origin_server_ts: 1_700_000_000_000,
}

/** A key to sign with, of `a.test`. */
export const KEY = {
  server: 'a.test',
  keyId: 'ed25519:1',
  seed: 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1',
}

/** What Alice says about a new message. */
export const DRAFT = {
  roomId: ROOM,
  type: 'm.room.message',
  sender: ALICE,
  content: { body: 'hello' },
  prevEvents: [{ eventId: '$prev' }],
  authEvents: [],
  depth: 5,
  originServerTs: 1_700_000_000_000,
}
