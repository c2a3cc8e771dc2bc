import type { JsonObject } from '@roomserver/types'
import { bagOf, registerAdmin } from '../drive.ts'
import { createRoom, join, noteState, noteSyncSince, send, setState } from '../room.ts'
import type { Scenario } from '../scenario.ts'

export const watching: Scenario = {
  name: 'peeks, incremental sync and evacuation',
  async run(drive, { alice, bob, carol }, [{ clientUrl }]) {
    const room = await createRoom(drive, 'open', alice, {
      preset: 'public_chat',
      initial_state: [
        {
          type: 'm.room.history_visibility',
          state_key: '',
          content: { history_visibility: 'world_readable' },
        },
      ],
    })
    const path = encodeURIComponent(room)
    await drive.call(
      'bob peeks',
      bob,
      'POST',
      `/_matrix/client/r0/peek/${path}`,
      {},
      (answer) => answer['room_id'] ?? null,
    )
    await drive.call('bob has seen enough', bob, 'POST', `/_matrix/client/r0/rooms/${path}/unpeek`, {})
    await drive.call(
      'carol peeks where nothing is',
      carol,
      'POST',
      '/_matrix/client/r0/peek/!nothing:localhost',
      {},
    )
    await join(drive, 'bob joins the open room', bob, room)
    await join(drive, 'carol joins the open room', carol, room)
    await noteSyncSince(drive, 'bob hears only what is new', bob, async () => {
      await send(drive, 'alice says something new', alice, room, 'something new')
      await setState(drive, 'and names the room', alice, room, 'm.room.name', { name: 'Open' })
    })
    const admin = await registerAdmin(clientUrl, 'admin')
    const affected = (answer: JsonObject) =>
      bagOf(Array.isArray(answer['affected']) ? answer['affected'] : [])
    await drive.call('bob is not an administrator', bob, 'GET', `/_dendrite/admin/evacuateRoom/${path}`)
    await drive.call(
      'carol is evacuated',
      admin,
      'GET',
      `/_dendrite/admin/evacuateUser/${encodeURIComponent(carol.id)}`,
    )
    await noteState(drive, 'carol has left', alice, room, (state) => state.includes('"leave"'))
    await drive.call(
      'the room is evacuated',
      admin,
      'GET',
      `/_dendrite/admin/evacuateRoom/${path}`,
      undefined,
      affected,
    )
    await drive.call('no room to evacuate', admin, 'GET', '/_dendrite/admin/evacuateRoom/!nothing:localhost')
  },
}
