import { createRoom, join, noteState, noteSync, setState } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const presets: Scenario = {
  name: 'presets, power levels and visibility',
  async run(drive, { alice, bob, carol }) {
    for (const preset of ['private_chat', 'trusted_private_chat', 'public_chat'] as const) {
      const room = await createRoom(drive, preset, alice, { preset, invite: [bob.id] })
      await noteSync(drive, `${preset}: bob is invited`, bob, (rooms) => rooms.includes(room))
      await join(drive, `${preset}: carol was not invited`, carol, room)
      await join(drive, `${preset}: bob joins`, bob, room)
      await setState(drive, `${preset}: bob names it`, bob, room, 'm.room.name', { name: preset })
      await setState(drive, `${preset}: visibility`, alice, room, 'm.room.history_visibility', {
        history_visibility: 'joined',
      })
      await setState(drive, `${preset}: nonsense level`, alice, room, 'm.room.power_levels', {
        users: { [bob.id]: 'many' },
      })
      await setState(drive, `${preset}: alice lowers herself`, alice, room, 'm.room.power_levels', {
        users: { [alice.id]: 50, [bob.id]: 50 },
        events_default: 10,
      })
      await noteState(drive, `${preset}: state`, alice, room)
    }
  },
}
