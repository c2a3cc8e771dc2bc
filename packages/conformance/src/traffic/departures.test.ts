import type { JsonObject } from '@roomserver/types'
import { expect, it } from 'vitest'
import { Announcements } from './announcements.ts'
import { DEPARTURES, type Finding, type Truth } from './departures.ts'

const EVENT = {
  _event_id: '$said',
  _room_version: '10',
  room_id: '!room:a',
  type: 'm.room.message',
  sender: '@alice:a',
  content: { body: 'said' },
  depth: 5,
}

function truth(outputs: readonly JsonObject[]): Truth {
  return {
    resets: [],
    stateAfter: () => undefined,
    standing: () => undefined,
    standingAfter: () => undefined,
    isAccepted: () => false,
    isRefused: () => false,
    isBackfilled: () => false,
    isFetched: () => false,
    recorded: new Announcements([]),
    ours: new Announcements(outputs),
  }
}

function excuse(got: JsonObject, outputs: readonly JsonObject[]): string | undefined {
  const finding: Finding = {
    of: 'output new_room_event $said',
    request: '!room:a',
    problem: 'content',
    difference: { path: 'event', expected: EVENT, got },
    expected: null,
    got: null,
  }
  return DEPARTURES.find((departure) => departure.applies(finding, truth(outputs)))?.id
}

it('excuses an event that was redacted before it was told, and nothing else that differs in an event', () => {
  const told = [{ type: 'redacted_event', redacted_event: { RedactedEventID: '$said' } }]
  const redacted = { ...EVENT, content: {}, unsigned: { redacted_because: {} } }
  expect(excuse(redacted, told)).toBe('redacted-meanwhile')
  expect(excuse(redacted, [])).toBeUndefined()
  expect(excuse({ ...redacted, depth: 6 }, told)).toBeUndefined()
  expect(excuse({ ...EVENT, content: { body: 'other' } }, told)).toBeUndefined()
})
