import type { Scenario } from '../interop/scenario.ts'
import type { Link } from '../interop/proxies.ts'
import { levels, story } from './story.ts'

/** Three homeservers, not all of which hear each other. */
export const THREE: readonly Scenario[] = [
  story('three', ['1', '2', '6', '9', '10'], async (room, { alice, bob, xena, zoe }, links, version) => {
    await room.open(alice, version, [bob, xena, zoe])
    await room.heard(zoe, [alice, xena], 10)
    deafTo(links.second, alice.id)
    deafTo(links.first, xena.id)
    await room.send(alice, 3)
    await room.topic(alice)
    await room.heard(alice, [zoe], 10)
    await room.set(xena, 'test.name', { by: 'xena' })
    await room.heard(xena, [zoe], 10)
    await room.heard(zoe, [alice, xena], 10)
    await room.topic(zoe)
    await room.heard(alice, [zoe], 10)
    await room.heal()
    await room.heard(xena, [alice, zoe], 10)
    await room.heard(alice, [xena, zoe], 10)
  }),
  story('three alone', ['1', '6', '10'], async (room, { alice, bob, xena, yuri, zoe }, _links, version) => {
    await room.open(alice, version, [bob, xena, yuri, zoe])
    const all = { [alice.id]: 100, [xena.id]: 100, [zoe.id]: 50 }
    await room.set(alice, 'm.room.power_levels', levels(all))
    await room.heard(alice, [xena, zoe], 10)
    room.cut()
    await room.topic(alice)
    await room.act(alice, 'ban', yuri)
    await room.topic(xena)
    await room.topic(yuri)
    await room.set(xena, 'm.room.power_levels', { ...levels({ ...all, [zoe.id]: 0 }), state_default: 50 })
    await room.topic(zoe)
    await room.act(zoe, 'kick', bob)
    await room.send(zoe, 3)
    await room.heal()
    await room.heard(zoe, [alice, xena], 10)
    await room.heard(xena, [alice, zoe], 10)
    await room.heard(alice, [xena, zoe], 10)
    await room.heard(zoe, [alice, xena], 10)
  }),
  story('come in later', ['1', '6', '9'], async (room, { alice, bob, xena, yuri, zoe }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice], 10)
    room.cut()
    await room.send(alice, 4)
    await room.topic(alice)
    await room.send(xena, 4)
    await room.topic(xena)
    await room.join(zoe, 1)
    await room.send(zoe, 2)
    await room.heal()
    await room.heard(zoe, [alice, xena], 10)
    await room.scroll(zoe)
    room.cut()
    await room.act(zoe, 'leave')
    await room.send(alice, 3)
    await room.act(alice, 'invite', yuri)
    await room.join(yuri, 1)
    await room.heal()
    links.second.refused = /get_missing_events/
    await room.join(zoe, 0)
    await room.heard(zoe, [alice, xena], 10)
    links.second.refused = undefined
    await room.heard(xena, [alice, zoe], 10)
    await room.heard(alice, [xena, zoe], 10)
    await room.scroll(alice)
  }),
  story('two of three gone', ['2', '6', '10'], async (room, { alice, bob, xena, zoe }, links, version) => {
    await room.open(alice, version, [bob, xena, zoe])
    await room.heard(zoe, [alice, xena], 10)
    links.third.mode = 'drop'
    await room.send(alice, 3)
    await room.topic(alice)
    await room.heard(xena, [alice], 10)
    await room.topic(xena)
    await room.heal()
    links.first.refused = /get_missing_events|\/state(_ids)?\/|\/event\//
    await room.heard(alice, [zoe], 10)
    await room.heard(xena, [zoe], 10)
    links.first.refused = undefined
    await room.heard(zoe, [alice, xena], 10)
    await room.heard(alice, [zoe], 10)
  }),
]

/** What this user's homeserver sends does not get through this link. */
function deafTo(link: Link, user: string): void {
  link.from = user.replace(/^[^:]*:/, '')
  link.mode = 'drop'
}
