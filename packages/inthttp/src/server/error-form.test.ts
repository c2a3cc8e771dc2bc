import { RoomserverError } from '@roomserver/types'
import { expect, it } from 'vitest'
import { answerStatus, badRequest, failureForm, overloaded, unexpectedForm } from './error-form.ts'

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
  [new RoomserverError('OVERLOADED', { what: 'x', retryAfterMs: 0 }, 'too much'), 503, '1'],
  [new RoomserverError('OVERLOADED', { what: 'x', retryAfterMs: 1_001 }, 'too much'), 503, '2'],
  [new RoomserverError('OVERLOADED', { what: 'x', retryAfterMs: 61_000 }, 'too much'), 503, '61'],
  [new RoomserverError('OUTPUTS_TRIMMED', { after: 1, first: 3 }, 'deleted'), 410, undefined],
  [new RoomserverError('OUTPUTS_POSITION_UNKNOWN', { after: 9, first: 1, last: 3 }, 'no'), 409, undefined],
  [new RoomserverError('SHUTTING_DOWN', {}, 'stopping'), 503, '1'],
  [new RoomserverError('STORE_UNAVAILABLE', { reason: 'x' }, 'no database'), 503, '1'],
  [new RoomserverError('NOT_ALLOWED', { rule: 'x', reason: 'y' }, 'no'), 500, undefined],
])('%s has its status', (error, status, retryAfter) => {
  const form = failureForm(error)
  expect([form.status, form.headers['retry-after']]).toEqual([status, retryAfter])
})

it('names the type of the reference by whether a failure passes on another, and none of a wrong request', () => {
  const details = { component: 'federation', operation: 'getEvent', reason: 'x' }
  const passedOn = new RoomserverError('COMPONENT_FAILED', details, 'no answer', { cause: new Error('x') })
  expect(failureForm(passedOn).body).toBe('{"Type":"*fmt.wrapError","Message":"no answer"}')
  const wrong = new RoomserverError('BAD_REQUEST', { path: 'x', expected: 'y' }, 'x is not a y')
  expect(failureForm(wrong).body).toBe('{"message":"x is not a y"}')
  expect(badRequest('x is not a y')).toEqual({ status: 400, body: '{"message":"x is not a y"}', headers: {} })
})

it('says of what there is too much', () => {
  const { status, body, headers } = overloaded('requests')
  const text = 'too many requests at once; try again later'
  expect([status, body]).toEqual([503, JSON.stringify({ Type: '*errors.errorString', Message: text })])
  expect(headers).toEqual({
    'roomserver-failure': '{"code":"OVERLOADED","details":{"what":"requests","retryAfterMs":1000}}',
    'retry-after': '1',
  })
})

it('gives an operation that failed the status of its failure', () => {
  expect(answerStatus(new RoomserverError('SHUTTING_DOWN', {}, 'stopping'))).toBe(503)
  expect(answerStatus(new RoomserverError('ROOM_NOT_FOUND', { roomId: '!r' }, 'no room'))).toBe(500)
  expect(answerStatus(new Error('x'))).toBe(500)
})

it('puts a failure in a header up to 8,192 bytes', () => {
  const headerOf = (length: number) =>
    failureForm(new RoomserverError('ROOM_NOT_FOUND', { roomId: 'x'.repeat(length) }, 'no')).headers[
      'roomserver-failure'
    ]
  const around = '{"code":"ROOM_NOT_FOUND","details":{"roomId":""}}'.length
  expect(headerOf(8_192 - around)).toHaveLength(8_192)
  expect(headerOf(8_193 - around)).toBeUndefined()
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
