import type { Scenario } from '../interop/scenario.ts'
import { story } from './story.ts'

/** What is missing is asked for, and not given. */
export const REFUSALS: readonly Scenario[] = [
  story(
    'no missing events',
    ['1', '2', '6', '9', '10'],
    async (room, { alice, bob, xena }, links, version) => {
      await room.open(alice, version, [bob, xena])
      await room.heard(xena, [alice])
      room.cut()
      await room.send(alice, 3)
      await room.topic(alice)
      await room.act(bob, 'leave')
      await room.topic(xena)
      await room.set(xena, 'm.room.name', { name: 'xena' })
      await room.heal()
      for (const link of [links.first, links.second]) link.refused = /get_missing_events/
      await room.heard(alice, [xena], 8)
      await room.heard(xena, [alice], 8)
      for (const link of [links.first, links.second]) link.refused = undefined
      await room.topic(alice)
      await room.heard(alice, [xena])
      await room.heard(xena, [alice])
    },
  ),
  story('no state', ['2', '6', '10'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.send(alice, 26)
    await room.topic(xena)
    await room.heal()
    for (const link of [links.first, links.second]) link.refused = /\/state(_ids)?\//
    await room.heard(alice, [xena], 5)
    await room.heard(xena, [alice], 5)
    for (const link of [links.first, links.second]) link.refused = undefined
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
  }),
  story('no repair', ['1', '6', '9'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.send(alice, 3)
    await room.heal()
    links.first.refused = /get_missing_events|\/state(_ids)?\/|\/event\//
    await room.heard(alice, [xena], 4)
    await room.topic(alice)
    await room.heard(alice, [xena], 4)
    links.first.refused = undefined
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
  }),
  story('single events', ['2', '6', '10'], async (room, { alice, bob, carol, xena }, links, version) => {
    await room.open(alice, version, [bob, carol, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.act(bob, 'leave')
    await room.send(alice, 24)
    await room.heal()
    links.first.refused = /\/event\//
    await room.heard(alice, [xena], 6)
    links.first.refused = undefined
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
  }),
  story('refused', ['6', '10'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.send(alice, 2)
    await room.heal()
    links.first.mode = 'refuse'
    await room.heard(alice, [xena], 4)
    links.first.mode = 'pass'
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
  }),
]
