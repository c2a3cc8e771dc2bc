import type { Scenario } from '../interop/scenario.ts'
import { ALL_VERSIONS, levels, story } from './story.ts'

/** Both sides go on alone, and what they do contradicts each other. */
export const BRANCHES: readonly Scenario[] = [
  story('small', ALL_VERSIONS, async (room, { alice, xena, yuri }, _links, version) => {
    await room.open(alice, version, [xena, yuri])
    await room.heard(xena, [alice])
    room.cut()
    await room.send(alice, 3)
    await room.topic(alice)
    await room.send(xena, 2)
    await room.set(xena, 'm.room.name', { name: 'xena' })
    await room.heal()
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
    await room.heard(alice, [xena])
  }),
  story('bans', ['2', '6', '10'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob, xena, yuri])
    await room.heard(xena, [alice])
    room.cut()
    await room.set(alice, 'm.room.power_levels', levels({ [alice.id]: 100, [xena.id]: 60 }))
    await room.act(alice, 'ban', yuri)
    await room.send(yuri, 2)
    await room.topic(yuri)
    await room.topic(alice)
    await room.act(xena, 'kick', bob)
    await room.heal()
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
    await room.send(yuri)
    await room.act(xena, 'kick', bob)
    await room.heard(alice, [xena])
  }),
  story('levels', ['1', '5', '9'], async (room, { alice, bob, xena }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    const both = { [alice.id]: 100, [xena.id]: 100, [bob.id]: 50 }
    await room.set(alice, 'm.room.power_levels', levels(both))
    await room.heard(alice, [xena])
    room.cut()
    await room.set(alice, 'm.room.power_levels', { ...levels({ ...both, [bob.id]: 0 }), state_default: 50 })
    await room.set(xena, 'm.room.power_levels', { ...levels({ ...both, [bob.id]: 75 }), events_default: 10 })
    await room.topic(bob)
    await room.topic(xena)
    await room.topic(alice)
    await room.set(xena, 'm.room.join_rules', { join_rule: 'invite' })
    await room.heal()
    await room.heard(xena, [alice])
    await room.topic(alice)
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
  }),
  story('kicked', ['2', '6', '10'], async (room, { alice, xena, yuri }, _links, version) => {
    await room.open(alice, version, [xena, yuri])
    await room.heard(xena, [alice])
    room.cut()
    await room.act(alice, 'kick', yuri)
    await room.send(yuri, 2)
    await room.heal()
    await room.heard(yuri, [xena], 5)
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
  }),
  story('rules', ['1', '2', '6', '10'], async (room, { alice, bob, carol, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.set(alice, 'm.room.join_rules', { join_rule: 'invite' })
    await room.set(alice, 'm.room.history_visibility', { history_visibility: 'joined' })
    await room.join(yuri, 1)
    await room.topic(yuri)
    await room.act(alice, 'ban', bob)
    await room.topic(bob)
    await room.heal()
    await room.heard(yuri, [alice], 4)
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
    await room.act(alice, 'invite', carol)
    await room.join(carol, 0)
    await room.heard(carol, [xena])
  }),
]
