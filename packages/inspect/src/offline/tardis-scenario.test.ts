import { expect, it } from 'vitest'
import { readEventFile } from './event-file.ts'
import { openEvents } from './open-events.ts'

const SCENARIO = `// Two set the topic at the same time.
{
  tardis_version: 1,
  calculate_event_ids: true,
  room_id: '!room:tardis',
  events: [
    { type: 'm.room.create', state_key: '', sender: '@a:tardis', event_id: '$CREATE',
      content: { creator: '@a:tardis' }, prev_events: [], auth_events: [] },
    { type: 'm.room.member', state_key: '@a:tardis', sender: '@a:tardis', event_id: '$JOIN',
      content: { membership: 'join' }, prev_events: ['$CREATE'], auth_events: ['$CREATE'] },
    { type: 'm.room.topic', state_key: '', sender: '@a:tardis', event_id: '$TEA',
      content: { topic: 'Tea' }, prev_events: ['$JOIN'], auth_events: ['$CREATE', '$JOIN'] },
    { type: 'm.room.topic', state_key: '', sender: '@a:tardis', event_id: '$COFFEE', origin_server_ts: 1704067281337,
      content: { topic: 'Coffee' }, prev_events: ['$JOIN'], auth_events: ['$CREATE', '$JOIN'] },
    { type: 'm.room.message', sender: '@a:tardis', event_id: '$MERGE',
      content: { body: 'So what?' }, prev_events: ['$TEA', '$COFFEE'], auth_events: ['$CREATE', '$JOIN'] },
  ],
  annotations: { titles: {}, events: { $MERGE: 'here' } }, // trailing comma:
}`

it('works out a scenario of TARDIS with comments, names for events and a room for all of them', async () => {
  const file = readEventFile(SCENARIO)
  expect(file).toMatchObject({ faults: [], roomVersion: '10' })
  expect(file.events.map(({ members }) => members['origin_server_ts'])).toEqual([
    1_704_067_200_000, 1_704_067_201_000, 1_704_067_202_000, 1_704_067_281_337, 1_704_067_282_337,
  ])
  const { faults, inspection, roomIds } = await openEvents(file)
  expect({ faults, roomIds }).toEqual({ faults: [], roomIds: ['!room:tardis'] })
  const { rooms } = await inspection.rooms({ cursor: '', limit: 0, search: '', sort: '', is_reversed: false })
  expect(rooms).toMatchObject([{ events: 5, rejected: 0, gaps: 0, extremities: 1 }])
  const at = { event_id: '', side: '' }
  const state = await inspection.state({
    room_id: '!room:tardis',
    at,
    cursor: '',
    limit: 0,
    type: 'm.room.topic',
  })
  expect(state.entries).toMatchObject([{ says: expect.stringContaining('Coffee') as string }])
  expect(state.entries[0]?.event_id).toMatch(/^\$[\w-]{43}$/)
})

it('takes the IDs of a scenario as they are where they are not to be made', () => {
  const file = readEventFile(SCENARIO.replace('calculate_event_ids: true', 'calculate_event_ids: false'))
  expect(file.events.map(({ eventId }) => eventId)).toEqual(['$CREATE', '$JOIN', '$TEA', '$COFFEE', '$MERGE'])
})
