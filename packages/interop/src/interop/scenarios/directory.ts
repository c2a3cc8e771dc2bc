import { createRoom, join, noteState, setState } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const directory: Scenario = {
  name: 'aliases and the room directory',
  async run(drive, { alice, bob }, [{ serverName }]) {
    const room = await createRoom(drive, 'listed', alice, {
      preset: 'public_chat',
      room_alias_name: 'listed',
      visibility: 'public',
    })
    const alias = (name: string) =>
      `/_matrix/client/r0/directory/room/${encodeURIComponent(`#${name}:${serverName}`)}`
    await drive.call(
      'an alias leads to the room',
      bob,
      'GET',
      alias('listed'),
      undefined,
      (answer) => answer['room_id'] ?? null,
    )
    await drive.call('an alias nobody has', bob, 'GET', alias('nothing'))
    await drive.call('a second alias', alice, 'PUT', alias('second'), { room_id: room })
    await drive.call('an alias is taken', bob, 'PUT', alias('second'), { room_id: room })
    await setState(drive, 'a canonical alias', alice, room, 'm.room.canonical_alias', {
      alias: `#listed:${serverName}`,
      alt_aliases: [`#second:${serverName}`],
    })
    await join(drive, 'bob joins by alias', bob, `#listed:${serverName}`)
    await drive.call('bob may not remove it', bob, 'DELETE', alias('second'))
    await drive.call('alice removes it', alice, 'DELETE', alias('second'))
    await drive.call('it is gone', bob, 'GET', alias('second'))
    await noteState(drive, 'the canonical alias follows', alice, room)
    await drive.call(
      'public rooms',
      bob,
      'GET',
      '/_matrix/client/r0/publicRooms',
      undefined,
      (answer) => answer['total_room_count_estimate'] ?? null,
    )
    await drive.call(
      'unlisted',
      alice,
      'PUT',
      `/_matrix/client/r0/directory/list/room/${encodeURIComponent(room)}`,
      { visibility: 'private' },
    )
    await drive.call(
      'no public rooms',
      bob,
      'GET',
      '/_matrix/client/r0/publicRooms',
      undefined,
      (answer) => answer['total_room_count_estimate'] ?? null,
    )
  },
}
