import type { Scenario } from '../interop/scenario.ts'
import { story } from './story.ts'

/** What is missing is asked for, and the answer takes long, never comes, or comes in part. */
export const SLOWNESS: readonly Scenario[] = [
  story('slow', ['1', '6', '10'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.send(alice, 24)
    await room.act(bob, 'leave')
    await room.send(xena, 2)
    await room.heal()
    links.first.delayMs = 700
    links.second.delayMs = 500
    await room.send(alice)
    await room.topic(alice)
    await room.send(xena, 2)
    await room.join(bob, 0)
    await room.send(bob)
    await room.heard(alice, [xena], 20)
    await room.heard(xena, [alice], 20)
  }),
  story('halves', ['3', '6', '9', '10'], async (room, { alice, bob, carol, xena }, links, version) => {
    await room.open(alice, version, [bob, carol, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    for (let i = 0; i < 12; i++) await room.set(bob, 'test.half', { i }, `${i}`)
    await room.act(carol, 'leave')
    await room.send(alice, 22)
    await room.heal()
    links.first.refused = /\/event\/(%24|\$)[A-Za-f]/
    await room.heard(alice, [xena], 6)
    await room.topic(xena)
    await room.heard(xena, [alice], 6)
    links.first.refused = undefined
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
  }),
  story('no missing events, halves', ['4', '8'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    for (let i = 0; i < 6; i++) await room.set(bob, 'test.half', { i }, `${i}`)
    await room.topic(alice)
    await room.heal()
    links.first.refused = /get_missing_events|\/event\/(%24|\$)[A-Za-f]/
    await room.heard(alice, [xena], 6)
    await room.heard(bob, [xena], 6)
    links.first.refused = undefined
    await room.heard(alice, [xena], 10)
    await room.heard(xena, [alice], 10)
  }),
  story('nobody answers', ['6', '10'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.send(alice, 3)
    await room.heal()
    links.first.stalled = /get_missing_events/
    await room.heard(alice, [xena], 40)
    links.first.stalled = undefined
    await room.heard(alice, [xena], 20)
    await room.heard(xena, [alice], 20)
  }),
  story('no answer about state', ['6'], async (room, { alice, bob, xena }, links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.act(bob, 'leave')
    await room.send(alice, 24)
    await room.heal()
    links.first.stalled = /\/(state|state_ids|event)\//
    await room.heard(alice, [xena], 45)
    links.first.stalled = undefined
    await room.heard(alice, [xena], 20)
    await room.heard(xena, [alice], 20)
  }),
]
