import { InputKind } from '@roomserver/api'
import { RoomserverError } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../decide/event-input.ts'
import { failureOf } from './outcome-text.ts'

const stored = (
  verdict: 'accepted' | 'soft-failed' | 'rejected-by-state' | 'outlier',
  why = {},
): Outcome => ({
  kind: 'stored',
  eventId: '$x',
  verdict,
  known: false,
  ...why,
})
const missing = (lists: Partial<Outcome & { kind: 'missing' }>): Outcome => ({
  kind: 'missing',
  auth: [],
  prev: [],
  state: [],
  ...lists,
})
const ids = (count: number) => Array.from({ length: count }, (_, index) => `$${index}`)

describe('what a sender is told', () => {
  it.each([
    ['of an accepted event', stored('accepted'), InputKind.new, ''],
    ['of one that failed softly', stored('soft-failed', { rule: 'r', reason: 'no' }), InputKind.new, ''],
    ['of an outlier', stored('outlier'), InputKind.outlier, ''],
    [
      'of a rejected outlier',
      stored('rejected-by-state', { rule: 'r', reason: 'no' }),
      InputKind.outlier,
      '',
    ],
    [
      'of a rejected event',
      stored('rejected-by-state', { rule: 'r', reason: 'no' }),
      InputKind.new,
      'no (rule r)',
    ],
    ['of one rejected long ago', stored('rejected-by-state'), InputKind.old, 'rejected (rule unknown)'],
    [
      'of a refused event',
      { kind: 'refused', error: new RoomserverError('SHUTTING_DOWN', {}, 'not now') } satisfies Outcome,
      InputKind.new,
      'not now',
    ],
    [
      'of one that lacks something of each kind',
      missing({ auth: ['$a'], prev: ['$b', '$c'], state: ['$d'] }),
      InputKind.new,
      'missing auth events $a and prev events $b, $c and state events $d, and no server could be asked for them',
    ],
    [
      'of one that lacks twenty',
      missing({ prev: ids(20) }),
      InputKind.new,
      `missing prev events ${ids(20).join(', ')}, and no server could be asked for them`,
    ],
    [
      'of one that lacks one more',
      missing({ prev: ids(21) }),
      InputKind.new,
      `missing prev events ${ids(20).join(', ')} and 1 more, and no server could be asked for them`,
    ],
  ])('%s', (_what, outcome, kind, text) => {
    expect(failureOf(outcome, kind)).toBe(text)
  })
})
