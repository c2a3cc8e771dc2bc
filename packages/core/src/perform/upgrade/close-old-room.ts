import type { Pdu } from '@roomserver/events'
import type { JsonObject } from '@roomserver/types'
import { readRoom } from '../../query/context.ts'
import { currentPdus } from '../../query/current-pdus.ts'
import type { PerformContext } from '../context.ts'
import { sendIfAllowed } from '../send.ts'
import { restricted, withoutPowerLevels } from './levels.ts'
import type { RoomUpgrade } from './room-upgrade.ts'

/**
 * Takes the canonical alias out of the old room and keeps ordinary users from sending and inviting there. What the user
 * may not do is left undone: the tombstone stands all the same.
 */
export async function closeOldRoom(context: PerformContext, upgrade: RoomUpgrade): Promise<void> {
  await change(context, upgrade, 'm.room.canonical_alias', (content = {}) =>
    Object.keys(content).length === 0 ? undefined : {},
  )
  await change(context, upgrade, 'm.room.power_levels', (content, create) =>
    restricted(content ?? withoutPowerLevels(create)),
  )
}

async function change(
  context: PerformContext,
  { room: { roomId }, userId }: RoomUpgrade,
  type: string,
  changed: (content: JsonObject | undefined, create: Pdu) => JsonObject | undefined,
): Promise<void> {
  const wanted = ['m.room.create', type].map((each) => ({ type: each, stateKey: '' }))
  const failure = await sendIfAllowed(context, roomId, async (room) => {
    const [create, current] = await readRoom(context, (view) => currentPdus(view, room, wanted))
    const next = create && changed(current?.content, create)
    return next && { type, sender: userId, stateKey: '', content: next }
  })
  if (failure === '') return
  const fields = { room_id: roomId, user_id: userId, reason: failure }
  context.log.info(fields, `${type} of the old room was not changed`)
}
