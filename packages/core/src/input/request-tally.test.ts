import { RoomserverError } from '@roomserver/types'
import { expect, it } from 'vitest'
import { RequestTally } from './request-tally.ts'

const overloaded = new RoomserverError('OVERLOADED', { what: 'input', retryAfterMs: 1 }, 'too much')
const stopping = new RoomserverError('SHUTTING_DOWN', {}, 'the server is stopping')
const malformed = new RoomserverError('MALFORMED_EVENT', { rule: 'size', reason: 'too long' }, 'too long')

it('tells of the first that failed in the order of the request, whatever failed first', () => {
  const tally = new RequestTally()
  expect(tally.firstFailure).toBe('')
  tally.settled(5, '')
  expect(tally.firstFailure).toBe('')
  tally.failed(3, 'the fourth')
  tally.failed(3, 'the fourth again')
  tally.settled(4, 'the fifth')
  expect(tally.firstFailure).toBe('the fourth')
  tally.failed(0, 'the first', malformed)
  expect(tally.firstFailure).toBe('the first')
})

it.each([
  ['none failed', [], undefined],
  ['all failed for want of the server', [overloaded, stopping], overloaded],
  ['one failed by its own fault', [malformed], undefined],
  ['some failed by their own fault, and others for want of the server', [malformed, stopping], stopping],
  ['the failure is a bug', [new TypeError('a bug')], undefined],
])('throws where nothing could be looked at: %s', (_what, errors, thrown) => {
  const tally = new RequestTally()
  for (const [at, error] of errors.entries()) tally.failed(at, error.message, error)
  if (thrown === undefined) expect(() => tally.throwIfUnavailable()).not.toThrow()
  else expect(() => tally.throwIfUnavailable()).toThrow(thrown)
  // Where something was decided upon, the answer tells of the others.
  tally.settled(errors.length, '')
  expect(() => tally.throwIfUnavailable()).not.toThrow()
})
