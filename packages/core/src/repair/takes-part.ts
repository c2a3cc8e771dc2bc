import { serverOf } from '@roomserver/types'
import type { EventInput } from '../decide/event-input.ts'
import type { Store } from '../ports.ts'

/**
 * Whether we take part in the room of an event: a user of ours is in it, is being brought in by the event, or none ever
 * was (a room that somebody peeks into). Nothing is fetched for rooms that our users have all left.
 */
export async function takesPart(
  { store, serverName }: { readonly store: Store; readonly serverName: string },
  { pdu, stateBefore }: EventInput,
): Promise<boolean> {
  if (stateBefore?.by === 'rewrite') return true
  if (pdu.type === 'm.room.member' && serverOf(pdu.stateKey ?? '') === serverName) return true
  const room = await store.room(pdu.roomId)
  if (room === undefined || (await store.serverInRoom(room.nid, serverName))) return true
  return (await store.usersOfServer(room.nid, serverName)).length === 0
}
