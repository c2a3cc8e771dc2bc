import { textOf } from '../json-text.ts'
import type { ClientUser, Drive } from './drive.ts'
import { eventually, register } from './drive.ts'
import type { Homeserver } from './homeserver.ts'
import {
  act,
  createRoom,
  history,
  join,
  noteHistory,
  noteState,
  noteSync,
  redact,
  say,
  seeRoom,
  setState,
  untilMemberBy,
} from './room.ts'

/** The people of a drive: two on the homeserver under test, one on the other. */
export interface People {
  readonly alice: ClientUser
  readonly bob: ClientUser
  readonly carol: ClientUser
  readonly xena: ClientUser
  readonly yuri: ClientUser
}

/** A story that is told to both servers. */
export interface Scenario {
  readonly name: string
  readonly tell: (drive: Drive, people: People, servers: readonly [Homeserver, Homeserver]) => Promise<void>
}

/** Registers everybody. */
export async function gather(drive: Drive, servers: readonly [Homeserver, Homeserver]): Promise<People> {
  const names = ['alice', 'bob', 'carol'] as const
  const [alice, bob, carol] = await Promise.all(names.map((name) => register(servers[0].clientUrl, name)))
  const [xena, yuri] = await Promise.all(['xena', 'yuri'].map((name) => register(servers[1].clientUrl, name)))
  if (!alice || !bob || !carol || !xena || !yuri) throw new Error('nobody came')
  drive.note('everybody registered', 200, null)
  return { alice, bob, carol, xena, yuri }
}

const VERSIONS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'] as const

const local: Scenario = {
  name: 'a room of every version, its members and its messages',
  async tell(drive, { alice, bob, carol }) {
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
      const first = await say(drive, `${v} bob talks`, bob, room, `${v} hello`)
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
      await say(drive, `${v} bob is outside`, bob, room, `${v} outside`)
      await say(drive, `${v} the last word`, alice, room, `${v} done`)
      await noteHistory(drive, `${v} history`, alice, room, (text) => text.includes(`${v} done`))
      await noteState(drive, `${v} state`, alice, room)
    }
    await noteSync(drive, 'what alice sees from scratch', alice, (rooms) => rooms.length > 2)
    await noteSync(drive, 'what bob sees from scratch', bob)
  },
}

const presets: Scenario = {
  name: 'presets, power levels and visibility',
  async tell(drive, { alice, bob, carol }) {
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

const directory: Scenario = {
  name: 'aliases and the room directory',
  async tell(drive, { alice, bob }, [{ serverName }]) {
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

const restricted: Scenario = {
  name: 'restricted and knock rules',
  async tell(drive, { alice, bob, carol }) {
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

const upgrade: Scenario = {
  name: 'upgrade, evacuation and server ACL',
  async tell(drive, { alice, bob, carol }, [, { serverName }]) {
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

const invites: Scenario = {
  name: 'invites that are rejected and withdrawn',
  async tell(drive, { alice, bob }) {
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

const federated: Scenario = {
  name: 'rooms of two homeservers',
  async tell(drive, { alice, bob, xena, yuri }, [first, second]) {
    for (const version of ['1', '2', '3', '6', '9', '10'] as const) {
      const name = `fed${version}`
      const room = await createRoom(drive, name, alice, {
        preset: 'public_chat',
        room_version: version,
        room_alias_name: name,
      })
      await say(drive, `${name}: before`, alice, room, `${name} before`)
      await join(drive, `${name}: xena joins by alias`, xena, `#${name}:${first.serverName}`)
      await say(drive, `${name}: xena talks`, xena, room, `${name} from xena`)
      await noteHistory(drive, `${name}: alice hears`, alice, room, (text) => text.includes('from xena'))
      await say(drive, `${name}: alice answers`, alice, room, `${name} from alice`)
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
      await say(drive, `${name}: xena is out`, xena, room, `${name} banned`)
      await noteState(drive, `${name}: state`, alice, room)
    }
    const far = await createRoom(drive, 'far', xena, { preset: 'public_chat', room_alias_name: 'far' })
    await join(drive, 'alice joins far away', alice, `#far:${second.serverName}`)
    await join(drive, 'bob joins where alice is', bob, far)
    await say(drive, 'alice talks far away', alice, far, 'from afar')
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

const forks: Scenario = {
  name: 'bursts from both sides',
  async tell(drive, { alice, xena }, [first]) {
    const room = await createRoom(drive, 'burst', alice, {
      preset: 'public_chat',
      room_alias_name: 'burst',
      power_level_content_override: { state_default: 0 },
    })
    await join(drive, 'xena joins the burst', xena, `#burst:${first.serverName}`)
    const talk = async (user: ClientUser, name: string) => {
      for (let i = 0; i < 15; i++) {
        await say(drive, `${name} ${i}`, user, room, `burst ${name} ${i}`)
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
    await say(drive, 'the burst is over', alice, room, 'burst over')
    const complete = (state: string) =>
      ['alice0', 'alice10', 'xena0', 'xena10'].every((key) => state.includes(key))
    await noteState(drive, 'the state here', alice, room, complete)
    await noteState(drive, 'the state there', xena, room, complete)
  },
}

const brokenLink: Scenario = {
  name: 'a link that breaks',
  async tell(drive, { alice, xena }, [first, second]) {
    const room = await createRoom(drive, 'broken', alice, {
      preset: 'public_chat',
      room_alias_name: 'broken',
      power_level_content_override: { state_default: 0 },
    })
    await join(drive, 'xena joins before the break', xena, `#broken:${first.serverName}`)
    await say(drive, 'before the break', alice, room, 'before the break')
    await noteHistory(drive, 'xena hears it', xena, room, (text) => text.includes('before the break'))
    first.link.mode = 'drop'
    second.link.mode = 'drop'
    for (let i = 0; i < 6; i++) {
      await say(drive, `alice unheard ${i}`, alice, room, `alice unheard ${i}`)
      await say(drive, `xena unheard ${i}`, xena, room, `xena unheard ${i}`)
    }
    await setState(drive, 'alice sets a topic nobody hears', alice, room, 'm.room.topic', { topic: 'alice' })
    await setState(drive, 'xena sets a topic nobody hears', xena, room, 'm.room.topic', { topic: 'xena' })
    first.link.mode = 'pass'
    second.link.mode = 'pass'
    await say(drive, 'alice after the break', alice, room, 'alice after the break')
    await say(drive, 'xena after the break', xena, room, 'xena after the break')
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

/** Every story, in the order it is told. */
export const SCENARIOS: readonly Scenario[] = [
  local,
  presets,
  directory,
  restricted,
  upgrade,
  invites,
  federated,
  forks,
  brokenLink,
]
