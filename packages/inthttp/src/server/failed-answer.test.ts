import { expect, it } from 'vitest'
import { isFailedAnswer } from './failed-answer.ts'

it.each([
  ['a text', { ErrMsg: 'room version 99 is not known', NotAllowed: false }, true],
  ['an error', { room_id: '', Error: { Code: 2, Msg: 'bad request' } }, true],
  ['no text', { ErrMsg: '', NotAllowed: false }, false],
  ['no error', { room_id: '!r:x', Error: null }, false],
  ['neither', { RoomIDs: [] }, false],
  ['nothing', undefined, false],
])('knows an answer with %s', (_what, answer, isFailed) => {
  expect(isFailedAnswer(answer)).toBe(isFailed)
})
