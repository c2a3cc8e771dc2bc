import { act, createRoom, join, noteHistory, noteState, noteSync, send, untilMemberBy } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const federated: Scenario = {
  name: 'rooms of two homeservers',
  async run(drive, { alice, bob, xena, yuri }, [first, second]) {
    for (const version of ['1', '2', '3', '6', '9', '10'] as const) {
      const name = `fed${version}`
      const room = await createRoom(drive, name, alice, {
        preset: 'public_chat',
        room_version: version,
        room_alias_name: name,
      })
      await send(drive, `${name}: before`, alice, room, `${name} before`)
      await join(drive, `${name}: xena joins by alias`, xena, `#${name}:${first.serverName}`)
      await send(drive, `${name}: xena talks`, xena, room, `${name} from xena`)
      await noteHistory(drive, `${name}: alice hears`, alice, room, (text) => text.includes('from xena'))
      await send(drive, `${name}: alice answers`, alice, room, `${name} from alice`)
      await noteHistory(
        drive,
        `${name}: xena hears`,
        xena,
        room,
        (text) => text.includes('from alice') && text.includes(`${name} before`),
      )
      await act(drive, `${name}: yuri is invited from afar`, alice, room, 'invite', yuri)
      await noteSync(drive, `${name}: yuri sees the invite`, yuri, (rooms) => rooms.includes(room))
      await join(drive, `${name}: yuri accepts`, yuri, room, [first.serverName])
      await untilMemberBy(yuri, yuri, xena, room)
      await act(drive, `${name}: alice kicks yuri`, alice, room, 'kick', yuri)
      await untilMemberBy(alice, yuri, xena, room)
      await act(drive, `${name}: alice bans xena`, alice, room, 'ban', xena)
      await untilMemberBy(alice, xena, xena, room)
      await send(drive, `${name}: xena is out`, xena, room, `${name} banned`)
      await noteState(drive, `${name}: state`, alice, room)
    }
    const far = await createRoom(drive, 'far', xena, { preset: 'public_chat', room_alias_name: 'far' })
    await join(drive, 'alice joins far away', alice, `#far:${second.serverName}`)
    await join(drive, 'bob joins where alice is', bob, far)
    await send(drive, 'alice talks far away', alice, far, 'from afar')
    await noteHistory(drive, 'xena hears alice', xena, far, (text) => text.includes('from afar'))
    await act(drive, 'alice leaves far away', alice, far, 'leave')
    await join(drive, 'alice joins again', alice, far, [second.serverName])
    await noteState(drive, 'the far room', xena, far, (state) => state.split('"join"').length > 3)
    await noteState(drive, 'the far room from here', alice, far)
    const invited = await createRoom(drive, 'invited', xena, { preset: 'private_chat' })
    await act(drive, 'bob is invited from afar', xena, invited, 'invite', bob)
    await noteSync(drive, 'bob sees the far invite', bob, (rooms) => rooms.includes(invited))
    await act(drive, 'bob rejects the far invite', bob, invited, 'leave')
    await noteState(drive, 'the far room knows', xena, invited, (state) => state.includes('"leave"'))
    await join(drive, 'nobody has that room', alice, `!missing:${second.serverName}`, [second.serverName])
  },
}
