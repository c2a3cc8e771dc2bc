import { type ClientUser, eventually } from '../drive.ts'
import { createRoom, history, join, noteHistory, send, seeRoom, setState } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const brokenLink: Scenario = {
  name: 'a link that breaks',
  async run(drive, { alice, xena }, [first, second]) {
    const room = await createRoom(drive, 'broken', alice, {
      preset: 'public_chat',
      room_alias_name: 'broken',
      power_level_content_override: { state_default: 0 },
    })
    await join(drive, 'xena joins before the break', xena, `#broken:${first.serverName}`)
    await send(drive, 'before the break', alice, room, 'before the break')
    await noteHistory(drive, 'xena hears it', xena, room, (text) => text.includes('before the break'))
    first.link.mode = 'drop'
    second.link.mode = 'drop'
    for (let i = 0; i < 6; i++) {
      await send(drive, `alice unheard ${i}`, alice, room, `alice unheard ${i}`)
      await send(drive, `xena unheard ${i}`, xena, room, `xena unheard ${i}`)
    }
    await setState(drive, 'alice sets a topic nobody hears', alice, room, 'm.room.topic', { topic: 'alice' })
    await setState(drive, 'xena sets a topic nobody hears', xena, room, 'm.room.topic', { topic: 'xena' })
    first.link.mode = 'pass'
    second.link.mode = 'pass'
    await send(drive, 'alice after the break', alice, room, 'alice after the break')
    await send(drive, 'xena after the break', xena, room, 'xena after the break')
    const whole = (text: string) =>
      ['alice', 'xena'].every(
        (name) => text.includes(`${name} unheard 5`) && text.includes(`${name} after the break`),
      )
    const heard = (user: ClientUser) =>
      eventually(async () => JSON.stringify(await history(user, room)), whole, 20)
    drive.note('alice has it all', 200, whole(await heard(alice)))
    drive.note('xena has it all', 200, whole(await heard(xena)))
    const states = await eventually(
      async () =>
        (await Promise.all([alice, xena].map((user) => seeRoom(user, room)))).map((seen) =>
          JSON.stringify(seen),
        ),
      ([here, there]) => here === there,
      20,
    )
    drive.note('both sides have the same state', 200, states[0] === states[1])
  },
}
