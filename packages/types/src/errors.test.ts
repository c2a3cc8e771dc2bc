import { expect, it } from 'vitest'
import { isFailure, RoomserverError } from './errors.ts'

const cause = new Error('the reason')
const failure = new RoomserverError('ROOM_NOT_FOUND', { roomId: '!a:b.test' }, 'no room !a:b.test', { cause })

it('is an error with a code, what it is about, a sentence and a cause', () => {
  expect(failure).toBeInstanceOf(Error)
  const { code, details, message, name } = failure
  expect({ code, details, message, name, cause: failure.cause }).toEqual({
    code: 'ROOM_NOT_FOUND',
    details: { roomId: '!a:b.test' },
    message: 'no room !a:b.test',
    name: 'RoomserverError',
    cause,
  })
})

it('is told from other errors, and from other failures where a code is named', () => {
  expect(isFailure(failure)).toBe(true)
  expect(isFailure(failure, 'ROOM_NOT_FOUND')).toBe(true)
  expect(isFailure(failure, 'EVENT_NOT_FOUND')).toBe(false)
  for (const other of [cause, { code: 'ROOM_NOT_FOUND' }, undefined, null, 'ROOM_NOT_FOUND']) {
    expect(isFailure(other)).toBe(false)
    expect(isFailure(other, 'ROOM_NOT_FOUND')).toBe(false)
  }
})
