import { expect, it } from 'vitest'
import { rulesOf } from '../test/fixture-events.ts'
import { compareOriginServerTs } from './origin-server-ts.ts'
import { trustedPdu } from './raw-event.ts'

const at = (ts: string) => trustedPdu(`{"origin_server_ts":${ts}}`, '$x', rulesOf('5'))

// As doubles the first three are one and the same, and the IDs of their events decided what the state of the room is.
it('times that no double holds are put in order as they are written', () => {
  const ascending = [
    `-1${'0'.repeat(401)}`,
    `-1${'0'.repeat(400)}`,
    '-9007199254740994',
    '-9007199254740993',
    '-9007199254740992',
    '-5',
    '0',
    '1700000000000',
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '9007199254740994',
    '90071992547409930',
    `1${'0'.repeat(400)}`,
    `1${'0'.repeat(399)}1`,
    `1${'0'.repeat(401)}`,
  ]
  for (const [i, a] of ascending.entries()) {
    for (const [j, b] of ascending.entries()) {
      expect(compareOriginServerTs(at(a), at(b)), `${a} to ${b}`).toBe(Math.sign(i - j))
    }
  }
})
