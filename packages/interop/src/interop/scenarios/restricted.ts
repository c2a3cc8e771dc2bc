import { createRoom, join, noteState } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const restricted: Scenario = {
  name: 'restricted and knock rules',
  async run(drive, { alice, bob, carol }) {
    const space = await createRoom(drive, 'space', alice, { preset: 'public_chat', room_version: '9' })
    await join(drive, 'bob joins the space', bob, space)
    for (const version of ['8', '9', '10'] as const) {
      const room = await createRoom(drive, `restricted${version}`, alice, {
        room_version: version,
        initial_state: [
          {
            type: 'm.room.join_rules',
            state_key: '',
            content: { join_rule: 'restricted', allow: [{ type: 'm.room_membership', room_id: space }] },
          },
        ],
      })
      await join(drive, `restricted${version}: bob comes by the space`, bob, room)
      await join(drive, `restricted${version}: carol does not`, carol, room)
      await noteState(drive, `restricted${version}: state`, alice, room)
    }
  },
}
