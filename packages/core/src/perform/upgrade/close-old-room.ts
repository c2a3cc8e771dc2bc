import type { JsonObject, RoomRecord } from '@roomserver/types'
import { look } from '../../query/context.ts'
import { currentPdus } from '../../query/current-pdus.ts'
import type { PerformContext } from '../context.ts'
import { sayIfAllowed } from '../send.ts'
import { restricted } from './levels.ts'
import type { Upgrade } from './upgrade.ts'

/**
 * Takes the canonical alias out of the old room and keeps ordinary users from sending and inviting there. What the user
 * may not do is left undone: the tombstone stands all the same.
 */
export async function closeOldRoom(context: PerformContext, upgrade: Upgrade): Promise<void> {
  await change(context, upgrade, 'm.room.canonical_alias', (content) =>
    Object.keys(content).length === 0 ? undefined : {},
  )
  await change(context, upgrade, 'm.room.power_levels', restricted)
}

async function change(
  context: PerformContext,
  { room: { roomId }, userId }: Upgrade,
  type: string,
  changed: (content: JsonObject) => JsonObject | undefined,
): Promise<void> {
  const failure = await sayIfAllowed(context, roomId, async (room) => {
    const content = await contentOf(context, room, type)
    const next = content === undefined ? undefined : changed(content)
    return next && { type, sender: userId, stateKey: '', content: next }
  })
  if (failure === '') return
  context.log.info({ room_id: roomId, user_id: userId, reason: failure }, `${type} of the old room stays`)
}

async function contentOf(
  context: PerformContext,
  room: RoomRecord,
  type: string,
): Promise<JsonObject | undefined> {
  const [event] = await look(context, (view) => currentPdus(view, room, [{ type, stateKey: '' }]))
  return event?.content
}
