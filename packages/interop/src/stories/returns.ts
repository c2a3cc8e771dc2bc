import type { Scenario } from '../interop/scenario.ts'
import { pause } from './pause.ts'
import { levels, story } from './story.ts'

/** Who was put out, or left, comes back after a gap. */
export const RETURNS: readonly Scenario[] = [
  story('put out', ['1', '6', '10'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob, xena, yuri])
    await room.heard(xena, [alice])
    room.cut()
    await room.act(alice, 'kick', xena)
    await room.act(alice, 'ban', yuri)
    await room.topic(alice)
    await room.send(xena, 2)
    await room.topic(xena)
    await room.set(yuri, 'test.name', { by: 'yuri' })
    await room.heal()
    await room.heard(xena, [alice], 4)
    await room.heard(alice, [xena], 4)
    await room.join(xena, 0)
    await room.heard(xena, [alice], 10)
    await room.act(alice, 'unban', yuri)
    await room.join(yuri, 0)
    await room.heard(yuri, [alice], 10)
    await room.heard(alice, [xena], 10)
  }),
  story('demoted', ['2', '6', '10'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob, xena, yuri])
    const both = { [alice.id]: 100, [xena.id]: 100, [yuri.id]: 50 }
    await room.set(alice, 'm.room.power_levels', levels(both))
    await room.heard(alice, [xena])
    room.cut()
    await room.set(xena, 'm.room.power_levels', { ...levels({ ...both, [xena.id]: 40 }), state_default: 50 })
    await room.act(yuri, 'kick', bob)
    await room.set(alice, 'm.room.power_levels', { ...levels({ ...both, [yuri.id]: 0 }), state_default: 100 })
    await room.topic(bob)
    await room.topic(yuri)
    await room.heal()
    await room.heard(yuri, [alice], 10)
    await room.heard(alice, [xena], 10)
    await room.topic(alice)
    await room.heard(xena, [alice], 10)
    await room.heard(alice, [xena], 10)
  }),
  story('by a room', ['8', '9', '10'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    const space = room.room
    await room.openRestricted(alice, version, space)
    await room.join(bob, 0)
    await room.join(xena, 0)
    await room.heard(xena, [alice], 10)
    room.cut()
    await room.send(alice, 3)
    await room.topic(bob)
    await room.act(xena, 'leave')
    await room.topic(alice)
    await room.heal()
    await room.join(xena, 0)
    await room.heard(xena, [alice], 10)
    await room.join(yuri, 0)
    await room.act(xena, 'invite', yuri)
    await pause(500)
    await room.join(yuri, 1)
    await room.heard(yuri, [alice], 10)
    await room.heard(alice, [xena], 10)
  }),
  story('replaced', ['1', '6', '10'], async (room, { alice, bob, xena }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    const first = room.room
    await room.heard(xena, [alice])
    room.cut()
    await room.send(alice, 2)
    await room.upgrade(alice, '9')
    const second = room.room
    await room.join(bob, 0)
    room.room = first
    await room.send(xena, 2)
    await room.topic(xena)
    await room.heal()
    await room.heard(bob, [xena], 10)
    await room.heard(xena, [alice], 10)
    room.room = second
    await room.join(xena, 0)
    await room.heard(xena, [alice], 10)
    await room.scroll(xena)
  }),
  story('profiles', ['3', '9'], async (room, { alice, bob, carol, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob, xena, yuri])
    await room.heard(xena, [alice])
    room.cut()
    for (const user of [bob, xena, yuri])
      await room.set(user, 'm.room.member', { membership: 'join', displayname: 'changed' }, user.id)
    await room.join(carol, 0)
    await room.set(carol, 'm.room.member', { membership: 'join', displayname: 'first' }, carol.id)
    await room.act(carol, 'leave')
    await room.act(yuri, 'leave')
    await room.join(yuri, 1)
    await room.heal()
    await room.heard(bob, [xena], 10)
    await room.heard(yuri, [alice], 10)
    await room.heard(alice, [xena], 10)
  }),
]
