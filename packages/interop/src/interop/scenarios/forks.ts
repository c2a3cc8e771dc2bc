import { type ClientUser } from '../drive.ts'
import { createRoom, join, noteState, send, setState } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const forks: Scenario = {
  name: 'bursts from both sides',
  async run(drive, { alice, xena }, [first]) {
    const room = await createRoom(drive, 'burst', alice, {
      preset: 'public_chat',
      room_alias_name: 'burst',
      power_level_content_override: { state_default: 0 },
    })
    await join(drive, 'xena joins the burst', xena, `#burst:${first.serverName}`)
    const talk = async (user: ClientUser, name: string) => {
      for (let i = 0; i < 15; i++) {
        await send(drive, `${name} ${i}`, user, room, `burst ${name} ${i}`)
        if (i % 5 === 0)
          await setState(
            drive,
            `${name} sets key ${i}`,
            user,
            room,
            'test.burst',
            { by: name, i },
            `${name}${i}`,
          )
      }
    }
    await Promise.all([talk(alice, 'alice'), talk(xena, 'xena')])
    await send(drive, 'the burst is over', alice, room, 'burst over')
    const complete = (state: string) =>
      ['alice0', 'alice10', 'xena0', 'xena10'].every((key) => state.includes(key))
    await noteState(drive, 'the state here', alice, room, complete)
    await noteState(drive, 'the state there', xena, room, complete)
  },
}
