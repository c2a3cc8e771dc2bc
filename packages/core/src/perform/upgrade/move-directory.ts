import type { RoomId } from '@roomserver/types'
import type { PerformContext } from '../context.ts'
import type { RoomUpgrade } from './room-upgrade.ts'

/** Moves the place in the public directory, and the aliases of this server with their makers, to the new room. */
export async function moveDirectory(
  { store }: PerformContext,
  { room: { roomId }, userId }: RoomUpgrade,
  newRoom: RoomId,
): Promise<void> {
  if (await store.isPublished(roomId)) {
    await store.publish(newRoom, true)
    await store.publish(roomId, false)
  }
  for (const alias of await store.aliasesOfRoom(roomId)) {
    const maker = (await store.roomOfAlias(alias))?.creator ?? userId
    await store.removeAlias(alias)
    await store.addAlias(alias, newRoom, maker)
  }
}
