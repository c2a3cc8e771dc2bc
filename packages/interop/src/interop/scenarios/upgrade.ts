import { textOf } from '@roomserver/testing'
import { act, createRoom, join, noteState, setState } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const upgrade: Scenario = {
  name: 'upgrade, evacuation and server ACL',
  async run(drive, { alice, bob, carol }, [, { serverName }]) {
    const room = await createRoom(drive, 'old', alice, {
      preset: 'public_chat',
      room_version: '6',
      name: 'Old',
      room_alias_name: 'upgraded',
    })
    await join(drive, 'bob joins the old room', bob, room)
    await act(drive, 'carol is banned there', alice, room, 'ban', carol)
    const path = `/_matrix/client/r0/rooms/${encodeURIComponent(room)}/upgrade`
    await drive.call('bob may not upgrade', bob, 'POST', path, { new_version: '9' })
    await drive.call('no such version', alice, 'POST', path, { new_version: 'nonsense' })
    const answer = await drive.call('alice upgrades', alice, 'POST', path, { new_version: '9' })
    const next = textOf(answer['replacement_room'])
    drive.label(next, '!new')
    await noteState(drive, 'the new room', alice, next, (state) => state.includes('Old'))
    await noteState(drive, 'the old room', alice, room, (state) => state.includes('tombstone'))
    await join(drive, 'bob follows', bob, next)
    await join(drive, 'carol stays banned', carol, next)
    await setState(drive, 'an ACL', alice, next, 'm.room.server_acl', {
      allow: ['*'],
      deny: [serverName],
      allow_ip_literals: true,
    })
    await noteState(drive, 'the ACL stands', alice, next, (state) => state.includes('server_acl'))
  },
}
