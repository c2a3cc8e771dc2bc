import { expect, it } from 'vitest'
import { outcomeLine, Summary } from './summary.ts'

it('counts kinds and reasons, the most frequent first', () => {
  const summary = new Summary()
  summary.add({ kind: 'accepted' })
  summary.add({ kind: 'accepted', known: true })
  summary.add({ kind: 'rejected', rule: 'v8 4.3.5', reason: 'bob is banned' })
  summary.add({ kind: 'rejected', rule: 'v8 9', reason: 'level 0 is below 50' })
  summary.add({ kind: 'rejected', rule: 'v8 9', reason: 'level 10 is below 50' })
  summary.add({ kind: 'malformed', rule: 'format.size', reason: 'the event has 70000 bytes' })
  expect(summary.toString().split('\n')).toEqual([
    '       2  accepted',
    '       3  rejected',
    '             2  v8 9: for instance, level 0 is below 50',
    '             1  v8 4.3.5: bob is banned',
    '       1  rejected: malformed, not stored',
    '             1  format.size: the event has 70000 bytes',
    '       1  of these already stored',
    '',
    '2 accepted, 0 soft-failed, 4 rejected',
  ])
})

it('names an event for each reason, and every event in a line of its own', () => {
  const summary = new Summary()
  const event = { eventId: '$a', roomId: '!r:x' }
  const outcomes = [
    { kind: 'rejected', rule: 'v8 9', reason: 'level 0 is below 50', event },
    { kind: 'missing', rule: 'MISSING_EVENTS', reason: 'lacks $b', event },
    { kind: 'failed', reason: 'the disk is full', event },
  ] as const
  for (const outcome of outcomes) summary.add(outcome)
  expect(summary.toString().split('\n').slice(0, 6)).toEqual([
    '       1  rejected',
    '             1  v8 9: $a in !r:x: level 0 is below 50',
    '       1  rejected: events before them are missing, not stored',
    '             1  MISSING_EVENTS: $a in !r:x: lacks $b',
    '       1  rejected: not processed because of an internal error',
    '             1  the disk is full: $a in !r:x',
  ])
  expect(outcomes.map(outcomeLine)).toEqual([
    'rejected\t$a\t!r:x\tv8 9: level 0 is below 50',
    'missing\t$a\t!r:x\tMISSING_EVENTS: lacks $b',
    'failed\t$a\t!r:x\tthe disk is full',
  ])
})
