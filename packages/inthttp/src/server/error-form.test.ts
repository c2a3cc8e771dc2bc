import { RoomserverError } from '@roomserver/types'
import { expect, it } from 'vitest'
import { failureForm, unexpectedForm } from './error-form.ts'

it('gives a failure the form of the reference, its code in a header', () => {
  const error = new RoomserverError('ROOM_NOT_FOUND', { roomId: '!\u00e9\u{1f600}\n' }, 'no room')
  const form = failureForm(error)
  expect([form.status, form.body]).toEqual([500, '{"Type":"*errors.errorString","Message":"no room"}'])
  const header = form.headers['roomserver-failure'] ?? ''
  expect(header).toMatch(/^[ -~]+$/)
  expect(JSON.parse(header)).toEqual({ code: 'ROOM_NOT_FOUND', details: { roomId: '!\u00e9\u{1f600}\n' } })
})

it.each([
  [new RoomserverError('BAD_REQUEST', { path: 'x', expected: 'y' }, 'x is not a y'), 400, undefined],
  [new RoomserverError('OVERLOADED', { what: 'x', retryAfterMs: 1 }, 'too much'), 503, '1'],
  [new RoomserverError('OVERLOADED', { what: 'x', retryAfterMs: 61_000 }, 'too much'), 503, '61'],
  [new RoomserverError('SHUTTING_DOWN', {}, 'stopping'), 503, '1'],
  [new RoomserverError('STORE_UNAVAILABLE', { reason: 'x' }, 'no database'), 503, '1'],
  [new RoomserverError('NOT_ALLOWED', { rule: 'x', reason: 'y' }, 'no'), 500, undefined],
])('%s has its status', (error, status, retryAfter) => {
  const form = failureForm(error)
  expect([form.status, form.headers['retry-after']]).toEqual([status, retryAfter])
})

it('puts nothing in a header that is too long for one', () => {
  const eventIds = Array.from({ length: 2_000 }, (_unused, index) => `$${index}`)
  const error = new RoomserverError('MISSING_EVENTS', { roomId: '!r', eventIds }, 'missing')
  expect(failureForm(error).headers).not.toHaveProperty('roomserver-failure')
})

it('says of an unexpected failure no more than where to look', () => {
  expect(unexpectedForm('req-7').body).toBe(
    '{"Type":"*errors.errorString","Message":"internal error, see the room server\'s log for request req-7"}',
  )
})
