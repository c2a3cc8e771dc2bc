import { ROOM_VERSIONS } from '@roomserver/version'
import { describe, expect, it } from 'vitest'
import { rulesOf } from '../../test/room.ts'
import { ruleBook } from './book.ts'
import { describeRule } from './describe-rule.ts'
import { RULES, type RuleKey } from './table.ts'

const numberIn = (version: string, key: RuleKey) => ruleBook(rulesOf(version)).ids[key].split(' ')[1]

describe('the numbers are those of the pages of the specification', () => {
  const versions = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12']
  const per = (key: RuleKey) => versions.map((version) => numberIn(version, key)).join(' ')

  it.each<readonly [RuleKey, string]>([
    // step,                               its number in versions 1 to 12
    ['create/creator', '1.4 1.4 1.4 1.4 1.4 1.4 1.4 1.4 1.4 1.4 1 1'],
    ['create/otherwise', '1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.5 1.4 1.5'],
    ['auth-events/room', '2.5 2.5 2.5 2.5 2.5 2.5 2.5 2.5 2.5 2.5 2.5 3.4'],
    ['federate', '3 3 3 3 3 3 3 3 3 3 3 4'],
    ['member/join/public', '5.2.5 5.2.5 5.2.5 5.2.5 5.2.5 4.2.5 4.2.5 4.3.6 4.3.6 4.3.6 4.3.6 5.3.6'],
    ['member/knock', '5 5 5 5 5 4 4.6 4.7 4.7 4.7 4.7 5.7'],
    ['member/unknown', '5.6 5.6 5.6 5.6 5.6 4.6 4.7 4.8 4.8 4.8 4.8 5.8'],
    ['sender', '6 6 6 6 6 5 5 5 5 5 5 6'],
    ['power-levels/first', '10.2 10.2 10.2 10.2 10.2 9.2 9.2 9.2 9.2 9.4 9.4 10.5'],
    ['power-levels/otherwise', '10.8 10.8 10.8 10.8 10.8 9.8 9.8 9.8 9.8 9.10 9.10 10.11'],
    ['otherwise', '12 12 11 11 11 10 10 10 10 10 10 11'],
  ])('%s', (key, numbers) => expect(per(key)).toBe(numbers))
})

it('every step has its parent before it', () => {
  const seen = new Set<string>([''])
  for (const key of Object.keys(RULES)) {
    expect(seen, key).toContain(key.slice(0, Math.max(0, key.lastIndexOf('/'))))
    seen.add(key)
  }
})

it('numbers every step, and none of one that the version does not have', () => {
  for (const rules of ROOM_VERSIONS.values()) {
    const { ids, steps } = ruleBook(rules)
    for (const { id, key, number, text } of steps) {
      expect(number, id).toMatch(/^[1-9]\d*(\.[1-9]\d*)*$/)
      expect([ids[key], text === '']).toEqual([`v${rules.version} ${number}`, false])
    }
    const numbers = new Set(steps.map(({ number }) => number))
    for (const { id, number } of steps)
      expect(number.includes('.') ? numbers.has(number.replace(/\.\d+$/, '')) : true, id).toBe(true)
  }
})

it('no two steps of a version have one id', () => {
  for (const rules of ROOM_VERSIONS.values()) {
    const ids = ruleBook(rules).steps.map(({ id }) => id)
    expect(new Set(ids).size, rules.version).toBe(ids.length)
  }
})

it('explains an id that a verdict carries', () => {
  expect(describeRule('v8 4.3.5.2')).toEqual({
    text:
      'Type `m.room.member`: `membership` is `join`: the join rule is `restricted`: ' +
      '`join_authorised_via_users_server` does not name a joined user who may invite: reject',
    url: 'https://spec.matrix.org/v1.19/rooms/v8/#authorisation-rules',
  })
  expect(describeRule('vorg.matrix.msc3787 4.3.5.1')?.url).toBeUndefined()
})

it('explains the rules that are not authorization rules', () => {
  expect(describeRule('event-graph')?.text).toMatch(/^it has no `prev_events`/)
  expect(describeRule('history-visibility 2')?.text).toBe('the membership was `join`: allow')
  expect(describeRule('v8 handling-redactions 1')).toEqual({
    text: "the redaction's sender reaches the redact level: apply",
    url: 'https://spec.matrix.org/v1.19/rooms/v8/#handling-redactions',
  })
  expect(describeRule('v8 handling-redactions')?.text).toBe('no condition is met: wait')
})

it.each([
  'history-visibility 6',
  'v1 handling-redactions 1',
  'v8 handling-redactions 3',
  '',
  'v8',
  'v8 99',
  'v99 1',
  'v8 4.3.',
  'x v8 4.3',
  'v8 4.3 x',
  'x history-visibility 2',
  'history-visibility 2 x',
  'x v8 handling-redactions 1',
  'v8 handling-redactions 1 x',
  'event-graph x',
  '4.3.5',
  'v__proto__ 1',
])('explains nothing for "%s"', (id) => {
  expect(describeRule(id)).toBeUndefined()
})
