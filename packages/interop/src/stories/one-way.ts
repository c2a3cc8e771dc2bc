import type { Scenario } from '../interop/scenario.ts'
import { story } from './story.ts'

/** Gaps with forks in them, which only one side has, or has sooner. */
export const ONE_WAY: readonly Scenario[] = [
  story('one way', ['1', '2', '6', '10'], async (room, { alice, bob, xena, yuri }, links, version) => {
    await room.open(alice, version, [bob, xena, yuri])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.send(bob, 2)
    await room.topic(xena)
    await room.act(yuri, 'leave')
    await room.heal()
    links.first.mode = 'drop'
    await room.heard(alice, [xena], 10)
    await room.set(xena, 'test.name', { by: 'xena' })
    await room.act(xena, 'kick', bob)
    await room.heard(alice, [xena], 10)
    await room.join(yuri, 1)
    await room.topic(alice)
    await room.heard(alice, [xena], 10)
    await room.heal()
    await room.heard(yuri, [alice], 10)
    await room.heard(alice, [xena], 10)
  }),
  story('zigzag', ['1', '6', '9'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    for (let turn = 0; turn < 3; turn++) {
      await room.send(alice, 8)
      await room.set(alice, 'test.turn', { turn }, `${turn % 2}`)
      await room.send(xena, 8)
      await room.set(xena, 'test.turn', { turn: -turn }, `${turn % 2}`)
      await room.heal()
      const [heard, deaf] = turn % 2 === 0 ? [links.second, links.first] : [links.first, links.second]
      deaf.mode = 'drop'
      await room.heard(heard === links.second ? alice : xena, [heard === links.second ? xena : alice], 10)
      room.cut()
    }
    await room.heal()
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
  }),
]
