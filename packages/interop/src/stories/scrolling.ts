import type { Scenario } from '../interop/scenario.ts'
import { story } from './story.ts'

/** People page back over what their homeserver never heard. */
export const SCROLLING: readonly Scenario[] = [
  story('scrolling', ['1', '2', '6', '10'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob])
    await room.send(alice, 30)
    await room.topic(alice)
    await room.send(bob, 5)
    await room.join(xena, 0)
    await room.scroll(xena)
    room.cut()
    await room.send(alice, 24)
    await room.topic(bob)
    await room.send(xena, 3)
    await room.heal()
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
    await room.scroll(xena)
    await room.scroll(alice)
    await room.join(yuri, 0)
    await room.scroll(yuri)
  }),
  story('no backfill', ['1', '6', '9'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob])
    await room.send(alice, 25)
    await room.join(xena, 0)
    links.first.refused = /\/backfill\//
    await room.scroll(xena)
    room.cut()
    await room.send(bob, 26)
    await room.heal()
    links.first.refused = /\/(backfill|get_missing_events)\//
    await room.heard(alice, [xena], 8)
    await room.scroll(xena)
    links.first.refused = undefined
    await room.heard(alice, [xena], 10)
    await room.scroll(xena)
  }),
  story('visibility', ['1', '6', '10'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob])
    await room.send(alice, 4)
    await room.set(alice, 'm.room.history_visibility', { history_visibility: 'joined' })
    await room.send(bob, 4)
    await room.join(xena, 0)
    await room.scroll(xena)
    room.cut()
    await room.send(alice, 3)
    await room.set(alice, 'm.room.history_visibility', { history_visibility: 'invited' })
    await room.send(alice, 3)
    await room.act(xena, 'leave')
    await room.send(bob, 3)
    await room.set(bob, 'm.room.history_visibility', { history_visibility: 'shared' })
    await room.heal()
    await room.join(xena, 0)
    await room.heard(alice, [xena], 10)
    await room.scroll(xena)
    await room.join(yuri, 1)
    await room.heard(yuri, [alice], 10)
    await room.scroll(yuri)
  }),
]
