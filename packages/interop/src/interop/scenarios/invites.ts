import { act, createRoom, noteState, noteSync } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const invites: Scenario = {
  name: 'invites that are rejected and withdrawn',
  async run(drive, { alice, bob }) {
    for (const version of ['1', '6', '10'] as const) {
      const name = `invites${version}`
      const room = await createRoom(drive, name, alice, { preset: 'private_chat', room_version: version })
      await act(drive, `${name}: bob is invited`, alice, room, 'invite', bob)
      await noteSync(drive, `${name}: bob sees it`, bob, (rooms) => rooms.includes(room))
      await act(drive, `${name}: alice withdraws`, alice, room, 'kick', bob)
      await act(drive, `${name}: bob is invited again`, alice, room, 'invite', bob)
      await act(drive, `${name}: bob rejects`, bob, room, 'leave')
      await noteState(drive, `${name}: state`, alice, room)
    }
  },
}
