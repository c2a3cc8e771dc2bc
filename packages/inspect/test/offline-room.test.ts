import type { InspectionApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { opened } from './opened.ts'

const statusesOf = (inspection: InspectionApi, events: readonly Pdu[]) =>
  Promise.all(events.map(async ({ eventId }) => (await inspection.event({ event_id: eventId })).event.status))

it('accepts what comes behind a gap, by the auth events that each event has', async () => {
  const room = await RoomBuilder.create({ version: '11' })
  await room.join('@bob:b')
  await room.join('@carol:c')
  const known = [...room.events]
  await room.message('lost')
  const bobs = await room.message('from bob', { sender: '@bob:b' })
  const carols = await room.message('from carol', { sender: '@carol:c' })
  const topic = await room.state('m.room.topic', '', { topic: 'after the gap' })
  const eves = await room.message('from eve', { sender: '@eve:e' })
  const behind = [bobs, carols, topic, eves]
  const inspection = await opened([...known, ...behind])
  expect(await statusesOf(inspection, behind)).toEqual(['accepted', 'accepted', 'accepted', 'rejected'])
})

it('marks what a redaction redacts where the rules allow it, in whatever order the two come', async () => {
  const room = await RoomBuilder.create({ version: '11' })
  await room.join('@bob:b')
  const fork = room.extremities
  const spam = await room.message('spam', { prev: fork })
  const kept = await room.message('kept', { prev: fork })
  const redaction = await room.redact(spam, { prev: fork })
  const refused = await room.redact(kept, { sender: '@bob:b', prev: fork })
  const base = room.events.filter((event) => ![spam, kept, redaction, refused].includes(event))
  for (const order of [
    [spam, kept, redaction, refused],
    [redaction, refused, spam, kept],
  ]) {
    const inspection = await opened([...base, ...order])
    const redacted = await inspection.event({ event_id: spam.eventId })
    expect(redacted.event.is_redacted).toBe(true)
    expect(redacted.redacted_by?.event_id).toBe(redaction.eventId)
    expect(redacted.pdu).toContain('spam')
    expect((await inspection.event({ event_id: kept.eventId })).event.is_redacted).toBe(false)
  }
})
