import { expect, it } from 'vitest'
import type { JudgedEvent, Step } from './trace.ts'
import { judgedByEntry, whyItWon } from './why.ts'

/** A topic that was judged. */
function judged(event: string, more: Partial<JudgedEvent> = {}): JudgedEvent {
  const { allowed = true } = more
  return {
    step: 'mainline',
    event,
    type: 'm.room.topic',
    stateKey: '',
    sender: '@alice:a.test',
    against: [],
    allowed,
    rule: 'v10 10',
    ...(allowed ? {} : { reason: 'she may not' }),
    wasRejected: false,
    ...more,
  }
}

const ORDERS: Readonly<Record<Step, string>> = {
  power: 'ordered by auth references, then by power level of the sender, then by time',
  mainline: 'ordered by mainline position, then by time',
  'power-levels': 'ordered by depth',
  'join-rules': 'ordered by depth',
  members: 'ordered by depth',
  others: 'ordered by depth',
}

it.each<[string, string | null, readonly JudgedEvent[], string]>([
  ['the only one that was allowed', '$a', [judged('$a')], '$a of @alice:a.test was allowed by v10 10.'],
  [
    'one that beat another, which was refused',
    '$a',
    [judged('$a'), judged('$b', { allowed: false })],
    '$a of @alice:a.test was allowed by v10 10. $b was not allowed by v10 10: she may not.',
  ],
  [
    'one of which another was rejected before',
    '$a',
    [judged('$a'), judged('$b', { wasRejected: true })],
    '$a of @alice:a.test was allowed by v10 10.',
  ],
  [
    'the oldest, where none was allowed',
    '$a',
    [judged('$a', { allowed: false, step: 'others' })],
    'No candidate was allowed; the oldest one stays. $a was not allowed by v10 10: she may not.',
  ],
  [
    'one that nobody judged',
    '$a',
    [judged('$b', { allowed: false })],
    'It was the only candidate left, or the first in order; no authorization check was needed.',
  ],
  ['none, of which none is known', null, [], 'No candidate is known.'],
  [
    'none, all being refused or rejected',
    null,
    [
      judged('$a', { allowed: false }),
      judged('$b', { wasRejected: true }),
      judged('$c', { allowed: false, wasRejected: true }),
    ],
    'No candidate was allowed. $a was not allowed by v10 10: she may not. $c was not allowed by v10 10: she may not. $b was rejected when it was received.',
  ],
])('says why %s', (_what, winner, all, why) => {
  const others = [judged('$x', { stateKey: 'x' }), judged('$y', { type: 'm.room.name', allowed: false })]
  const byEntry = judgedByEntry([...others, ...all])
  expect(whyItWon({ type: 'm.room.topic', stateKey: '', winner }, byEntry)).toBe(why)
})

it.each(Object.entries(ORDERS))('says which order decided in the round of %s', (step, order) => {
  const both = [judged('$a', { step: step as Step }), judged('$b', { step: step as Step })]
  expect(whyItWon({ type: 'm.room.topic', stateKey: '', winner: '$b' }, judgedByEntry(both))).toBe(
    `$b of @alice:a.test was allowed by v10 10 and came last of the 2 allowed (${order}).`,
  )
})
