import type { Scenario } from '../interop/scenario.ts'
import { pause } from './pause.ts'
import { story } from './story.ts'

/** Members come and go while nobody hears of it. */
export const MEMBERS: readonly Scenario[] = [
  story('members', ['2', '7', '9'], async (room, { alice, bob, carol, xena, yuri }, _links, version) => {
    await room.open(alice, version, [xena, yuri])
    await room.heard(xena, [alice])
    room.cut()
    await room.join(bob, 0)
    await room.join(carol, 0)
    await room.act(carol, 'leave')
    await room.act(yuri, 'leave')
    await room.act(alice, 'kick', yuri)
    await room.heal()
    await room.heard(xena, [alice])
    await room.heard(bob, [xena])
    await room.join(yuri, 0)
    await room.join(carol, 0)
    await room.heard(yuri, [alice, carol])
    room.cut()
    await room.act(yuri, 'leave')
    await room.act(bob, 'leave')
    await room.join(yuri, 0)
    await room.heal()
    await room.heard(xena, [alice])
    await room.heard(alice, [xena])
  }),
  story('invites', ['1', '6', '10'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [xena])
    await room.set(alice, 'm.room.join_rules', { join_rule: 'invite' })
    await room.heard(alice, [xena])
    room.cut()
    await room.send(alice, 2)
    await room.act(alice, 'invite', yuri)
    await room.act(xena, 'invite', bob)
    await pause(500)
    await room.join(yuri, 0)
    await room.join(bob, 1)
    await room.send(yuri)
    await room.heal()
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
    await room.heard(bob, [xena])
  }),
  story('gone', ['1', '6', '9'], async (room, { alice, bob, xena }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.act(xena, 'leave')
    await room.send(alice, 3)
    await room.topic(bob)
    await room.heal()
    await room.join(xena, 0)
    await room.heard(xena, [alice])
    await room.heard(alice, [xena])
    room.cut()
    await room.act(xena, 'leave')
    await room.act(alice, 'leave')
    await room.topic(bob)
    await room.heal()
    await room.join(xena, 0)
    await room.join(alice, 0)
    await room.heard(bob, [xena])
  }),
]
