import { expect, it } from 'vitest'
import { Summary } from './summary.ts'

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
    '       1  malformed, not stored',
    '             1  format.size: the event has 70000 bytes',
    '       1  of these already stored',
    '',
    '2 accepted, 0 soft-failed, 4 rejected',
  ])
})
