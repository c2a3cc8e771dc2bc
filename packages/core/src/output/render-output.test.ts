import type { EventNid, RoomNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import type { StoredOutput } from '../ports.ts'
import { renderOutput } from './render-output.ts'

const output: StoredOutput = {
  roomNid: 1 as RoomNid,
  roomId: '!a:b',
  version: '10',
  position: 3,
  seq: 2,
  kind: 'old_room_event',
  event: 7 as EventNid,
  body: '{"history_visibility":"shared"}',
  eventId: '$x',
  eventJson: '{"type":"m.room.message"}',
}

it('puts the event with its header in first', () => {
  expect(renderOutput(output)).toBe(
    '{"type":"old_room_event","old_room_event":{"event":{"type":"m.room.message","_room_version":"10","_event_id":"$x"},"history_visibility":"shared"}}',
  )
})

it('calls the event of a redaction by its own name', () => {
  const redacted = { ...output, kind: 'redacted_event', body: '{"RedactedEventID":"$y"}' } as const
  expect(JSON.parse(renderOutput(redacted))).toEqual({
    type: 'redacted_event',
    redacted_event: {
      RedactedBecause: { type: 'm.room.message', _room_version: '10', _event_id: '$x' },
      RedactedEventID: '$y',
    },
  })
})

it('leaves outputs without an event as they are', () => {
  const peek = { ...output, kind: 'new_peek', event: 0 as EventNid, body: '{"RoomID":"!a:b"}' } as const
  expect(renderOutput(peek)).toBe('{"type":"new_peek","new_peek":{"RoomID":"!a:b"}}')
})

it('fails for an output whose event is gone', () => {
  expect(() => renderOutput({ ...output, eventJson: undefined })).toThrow(
    'output 2 of room !a:b has no event',
  )
})
