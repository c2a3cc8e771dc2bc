import { act, createRoom, join, noteHistory, noteState, noteSync, redact, send, setState } from '../room.ts'
import type { Scenario } from '../scenario.ts'

const VERSIONS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'] as const

export const local: Scenario = {
  name: 'a room of every version, its members and its messages',
  async run(drive, { alice, bob, carol }) {
    for (const version of VERSIONS) {
      const v = `v${version}`
      const room = await createRoom(drive, v, alice, {
        preset: 'public_chat',
        room_version: version,
        name: `Room ${v}`,
        topic: 'about it',
      })
      await join(drive, `${v} bob joins`, bob, room)
      await act(drive, `${v} carol is invited`, alice, room, 'invite', carol)
      await noteSync(drive, `${v} carol sees the invite`, carol, (rooms) => rooms.includes(room))
      await join(drive, `${v} carol accepts`, carol, room)
      const first = await send(drive, `${v} bob talks`, bob, room, `${v} hello`)
      await act(drive, `${v} bob may not kick`, bob, room, 'kick', carol)
      await setState(drive, `${v} bob may not set the topic`, bob, room, 'm.room.topic', {
        topic: 'bob was here',
      })
      await redact(drive, `${v} alice redacts bob`, alice, room, first)
      await act(drive, `${v} alice kicks carol`, alice, room, 'kick', carol)
      await act(drive, `${v} alice bans carol`, alice, room, 'ban', carol)
      await join(drive, `${v} carol may not come back`, carol, room)
      await act(drive, `${v} alice unbans carol`, alice, room, 'unban', carol)
      await join(drive, `${v} carol comes back`, carol, room)
      await act(drive, `${v} bob leaves`, bob, room, 'leave')
      await act(drive, `${v} bob forgets`, bob, room, 'forget')
      await send(drive, `${v} bob is outside`, bob, room, `${v} outside`)
      await send(drive, `${v} the last word`, alice, room, `${v} done`)
      await noteHistory(drive, `${v} history`, alice, room, (text) => text.includes(`${v} done`))
      await noteState(drive, `${v} state`, alice, room)
    }
    await noteSync(drive, 'what alice sees from scratch', alice, (rooms) => rooms.length > 2)
    await noteSync(drive, 'what bob sees from scratch', bob)
  },
}
