import type { Scenario } from '../interop/scenario.ts'
import { story } from './story.ts'

/** Gaps of all lengths, and gaps that follow each other. */
export const GAPS: readonly Scenario[] = [
  story('long', ['1', '2', '6', '9'], async (room, { alice, bob, xena }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    await room.topic(alice)
    await room.send(alice, 12)
    await room.act(bob, 'leave')
    await room.set(alice, 'm.room.name', { name: 'long' })
    await room.send(alice, 13)
    await room.topic(alice)
    await room.send(xena, 2)
    await room.heal()
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
    await room.topic(alice)
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
  }),
  story('longer', ['6', '10'], async (room, { alice, bob, xena }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    room.cut()
    for (let i = 0; i < 10; i++) {
      await room.send(alice, 10)
      await room.set(bob, 'test.long', { i }, `${i % 4}`)
    }
    await room.topic(xena)
    await room.heal()
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
    await room.heard(alice, [xena])
  }),
  story('again', ['3', '6', '9'], async (room, { alice, bob, xena, yuri }, _links, version) => {
    await room.open(alice, version, [bob, xena, yuri])
    await room.heard(xena, [alice])
    for (let round = 0; round < 4; round++) {
      room.cut()
      await room.send(alice, 1 + round)
      if (round % 2 === 0) await room.topic(alice)
      await room.set(yuri, 'test.round', { round }, `${round}`)
      await room.topic(xena)
      await room.heal()
      await room.heard(round % 2 === 0 ? alice : xena, [round % 2 === 0 ? xena : alice])
      if (round === 1) await room.heard(yuri, [alice])
    }
    await room.heard(alice, [xena])
    await room.heard(xena, [alice])
  }),
  story('redactions', ['1', '4', '8', '10'], async (room, { alice, bob, xena }, _links, version) => {
    await room.open(alice, version, [bob, xena])
    await room.heard(xena, [alice])
    const known = await room.send(alice)
    await room.heard(alice, [xena])
    room.cut()
    const unseen = await room.send(alice)
    await room.redact(alice, unseen)
    await room.redact(alice, known)
    const second = await room.send(alice)
    await room.heal()
    await room.redact(alice, second)
    await room.heard(xena, [alice])
    room.cut()
    const third = await room.send(xena)
    await room.send(xena, 22)
    await room.redact(xena, third)
    await room.heal()
    await room.heard(xena, [alice])
    await room.redact(alice, third)
    await room.heard(alice, [xena])
  }),
]
