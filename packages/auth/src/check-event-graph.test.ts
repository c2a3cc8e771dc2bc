import { expect, it } from 'vitest'
import { createEvent, makeEvent } from '../test/room.ts'
import { checkEventGraph } from './check-event-graph.ts'

// A second event without prev events would begin another history of the room.
it('only the create event of a room has no prev events', () => {
  const topic = { type: 'm.room.topic', key: '' }
  expect(checkEventGraph(createEvent('10'))).toBeUndefined()
  expect(checkEventGraph(makeEvent('10', topic))).toBeUndefined()
  for (const root of [
    makeEvent('10', { ...topic, prev: [] }),
    makeEvent('10', { type: 'm.room.create', key: 'a second one', prev: [] }),
    makeEvent('10', { type: 'm.room.create', prev: [] }),
  ])
    expect(checkEventGraph(root)).toMatchObject({
      allowed: false,
      reason: `${root.eventId} has no prev events and is not the room's create event`,
    })
})
