import { expect, it } from 'vitest'
import { readEventFile } from '../offline/event-file.ts'
import { openEvents } from '../offline/open-events.ts'
import { exportScenario } from './export-scenario.ts'

const at = (number: number) => ({ origin_server_ts: 1_700_000_000_000 + number, depth: number })
const room_id = '!room:a'
const sender = '@a:a'
const EVENTS = [
  {
    type: 'm.room.create',
    state_key: '',
    content: { creator: sender },
    prev_events: [],
    auth_events: [],
    ...at(1),
  },
  {
    type: 'm.room.member',
    state_key: sender,
    content: { membership: 'join' },
    prev_events: ['$1'],
    auth_events: ['$1'],
    ...at(2),
  },
  {
    type: 'm.room.message',
    content: { body: 'one' },
    prev_events: ['$2'],
    auth_events: ['$1', '$2'],
    ...at(3),
  },
  {
    type: 'm.room.message',
    content: { body: 'two' },
    prev_events: ['$3'],
    auth_events: ['$1', '$2'],
    ...at(4),
  },
  {
    type: 'm.room.message',
    sender: '@stranger:b',
    content: {},
    prev_events: ['$4'],
    auth_events: ['$1'],
    ...at(5),
  },
].map((event, index) => ({ room_id, sender, event_id: `$${index + 1}`, ...event }))

const open = (value: unknown) => openEvents(readEventFile(JSON.stringify(value)))

it('makes a scenario of a part of a room, with auth chains and in an order in which it can be worked out', async () => {
  const { inspection } = await open({ tardis_version: 1, room_version: '10', events: EVENTS.toReversed() })
  const part = { roomId: room_id, from: ['$5'], direction: 'back' as const, limit: 2 }
  const scenario = await exportScenario(inspection, part)
  expect(scenario).toMatchObject({
    tardis_version: 1,
    room_version: '10',
    room_id,
    calculate_event_ids: false,
  })
  const ids = (scenario['events'] as readonly { readonly event_id: string }[]).map((event) => event.event_id)
  expect(new Set(ids.slice(0, 2))).toEqual(new Set(['$1', '$2']))
  expect(ids.slice(2)).toEqual(['$4', '$5'])
  expect(scenario['annotations']).toMatchObject({
    events: { $5: expect.stringContaining('rejected: ') as string },
  })
  const again = await open(scenario)
  expect(again.faults).toEqual([])
  expect(again.roomIds).toEqual([room_id])
})
