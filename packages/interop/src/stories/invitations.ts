import type { Scenario } from '../interop/scenario.ts'
import { pause } from './pause.ts'
import { story } from './story.ts'

/** Invites to somebody whose homeserver is not in the room, while the homeservers do not hear each other. */
export const INVITATIONS: readonly Scenario[] = [
  story('withdrawn', ['1', '6', '10'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob])
    await room.set(alice, 'm.room.join_rules', { join_rule: 'invite' })
    await room.act(alice, 'invite', xena)
    await room.act(alice, 'invite', yuri)
    await pause(500)
    room.cut()
    await room.act(alice, 'kick', xena)
    await room.send(alice, 3)
    await room.heal()
    await room.join(xena, 0)
    await room.join(yuri, 0)
    await room.heard(yuri, [alice], 10)
    await room.act(alice, 'invite', xena)
    await pause(500)
    await room.join(xena, 0)
    await room.heard(xena, [alice], 10)
    await room.heard(alice, [xena], 10)
  }),
  story('rejected', ['1', '6', '10'], async (room, { alice, bob, xena, yuri }, links, version) => {
    await room.open(alice, version, [bob])
    for (const user of [xena, yuri]) await room.act(alice, 'invite', user)
    await pause(500)
    await room.act(xena, 'leave')
    links.first.mode = 'refuse'
    await room.act(yuri, 'leave')
    await room.send(alice, 2)
    await room.heal()
    await pause(500)
    await room.act(alice, 'invite', xena)
    await pause(500)
    links.first.mode = 'refuse'
    await room.join(xena, 0)
    await room.act(xena, 'leave')
    await room.heal()
    await room.act(alice, 'invite', yuri)
    await pause(500)
    await room.join(yuri, 0)
    await room.heard(yuri, [alice], 10)
    await room.act(xena, 'forget')
  }),
  story('not delivered', ['2', '7', '10'], async (room, { alice, bob, xena, yuri }, links, version) => {
    await room.open(alice, version, [bob])
    links.second.refused = /\/invite\//
    await room.act(alice, 'invite', xena)
    links.second.refused = undefined
    links.first.refused = /\/(send_join|make_join)\//
    await room.join(yuri, 0)
    links.first.refused = /\/send_join\//
    await room.join(yuri, 0)
    links.first.refused = undefined
    await room.join(yuri, 0)
    await room.heard(yuri, [alice], 10)
  }),
]
