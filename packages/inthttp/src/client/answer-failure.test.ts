import { expect, it } from 'vitest'
import { failureOfAnswer } from './answer-failure.ts'

function failure(status: number, body: string, headers: Readonly<Record<string, unknown>> = {}) {
  const answer = { status, headers, body: new TextEncoder().encode(body) }
  const { code, details, message } = failureOfAnswer(answer, 'federation', 'getEvent')
  return { code, details, message }
}

it.each([
  ['a handler’s error', 500, '{"Type":"*errors.errorString","Message":"no such room"}', 'no such room'],
  [
    'an error of the federation client',
    500,
    '{"Err":"no route","RetryAfter":5,"Blacklisted":false}',
    'no route',
  ],
  ['a crash', 500, '{"message":"Internal Server Error"}', 'Internal Server Error'],
  ['a missing operation', 404, '404 page not found\n', '404 page not found'],
  ['a proxy in between', 502, '<html>bad gateway</html>', '<html>bad gateway</html>'],
  ['nothing', 500, '', ''],
  ['a body of another kind', 500, '[1]', '[1]'],
])('tells of %s', (_why, status, body, reason) => {
  expect(failure(status, body)).toEqual({
    code: 'COMPONENT_FAILED',
    details: { component: 'federation', operation: 'getEvent', reason },
    message: `federation answered getEvent with status ${status}: ${reason}`,
  })
})

it('takes the code that one of us gave', () => {
  const header = { 'roomserver-failure': '{"code":"ROOM_NOT_FOUND","details":{"roomId":"!r"}}' }
  expect(failure(500, '{"Type":"x","Message":"no room"}', header)).toEqual({
    code: 'ROOM_NOT_FOUND',
    details: { roomId: '!r' },
    message: 'no room',
  })
})

it.each([
  '{',
  '[]',
  '{"code":5,"details":{}}',
  '{"code":["ROOM_NOT_FOUND"],"details":{}}',
  '{"code":"x; y","details":{}}',
  `{"code":"${'X'.repeat(65)}","details":{}}`,
  '{"code":"ROOM_NOT_FOUND"}',
  '{"code":"ROOM_NOT_FOUND","details":[]}',
])('does not trust the header %s', (header) => {
  expect(failure(500, '{}', { 'roomserver-failure': header }).code).toBe('COMPONENT_FAILED')
})

it('repeats no more than a little of a long body', () => {
  for (const length of [1_000, 1_001, 1_000_000])
    expect(failure(500, 'x'.repeat(length)).details).toMatchObject({ reason: 'x'.repeat(1_000) })
})

it('takes a request that the peer could not understand for one of ours that is wrong', () => {
  expect(failure(400, '{"message":"room_id: expected a string"}')).toEqual({
    code: 'BAD_REQUEST',
    details: { path: 'getEvent', expected: 'room_id: expected a string' },
    message: 'room_id: expected a string',
  })
  const header = { 'roomserver-failure': '{"code":"ROOM_NOT_FOUND","details":{"roomId":"!r"}}' }
  expect(failure(400, '{}', header).code).toBe('ROOM_NOT_FOUND')
})

it.each([
  ['the first of several texts', '{"Err":"third","message":"second","Message":"first"}', 'first'],
  ['the first that is a text', '{"Message":7,"message":null,"Err":"third"}', 'third'],
  ['the whole body where none is', ' {"Message":7} ', '{"Message":7}'],
  ['no more than the beginning of a long body', `  ${'\u00e9'.repeat(3_000)}`, '\u00e9'.repeat(1_000)],
])('repeats %s', (_what, body, reason) => {
  expect(failure(500, body).details).toMatchObject({ reason })
})
