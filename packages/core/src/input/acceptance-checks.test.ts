import { RoomBuilder } from '@roomserver/testing'
import { silentLogger } from '@roomserver/types'
import { expect, it, vi } from 'vitest'
import { type AcceptanceCheck, AcceptanceChecks } from './acceptance-checks.ts'

/** What a check comes to for an event. */
async function acceptanceBy(check: AcceptanceCheck['check']) {
  const [event] = (await RoomBuilder.create()).events
  if (event === undefined) throw new TypeError('no event')
  const checks = new AcceptanceChecks({ check, whenUnavailable: 'refuse' }, silentLogger)
  const next = vi.fn(async () => ({ kind: 'missing', auth: [], prev: [], state: [] }) as const)
  await checks.decide({ kind: 'new', pdu: event, sendAsServer: '' }, next)
  await checks.settled()
  expect(next).toHaveBeenCalledTimes(1)
  return (next.mock.calls as unknown as [[{ readonly acceptance: unknown }]])[0][0].acceptance
}

const refused = (reason: string) => ({ accepted: false, reason })

it.each([
  ['a reason', refused('spam'), refused('spam')],
  ['the longest reason', refused('x'.repeat(4_096)), refused('x'.repeat(4_096))],
  ['a longer reason', refused('x'.repeat(4_097)), refused('x'.repeat(4_096))],
  ['no reason', { accepted: false }, refused('not accepted here')],
  ['a reason that is not a text', { accepted: false, reason: 7 }, refused('not accepted here')],
  ['yes, and more', { accepted: true, reason: 'why not' }, { accepted: true }],
])('takes an answer with %s', async (_what, answer, expected) => {
  expect(await acceptanceBy(() => answer as never)).toEqual(expected)
})

it.each([undefined, null, true, {}, { accepted: 'yes' }])(
  'does not take %j for an answer',
  async (answer) => {
    const reason =
      'the acceptance check is not available: the check gave neither { accepted: true } nor { accepted: false, reason }'
    expect(await acceptanceBy(() => answer as never)).toEqual(refused(reason))
  },
)

it('keeps so much of why it failed', async () => {
  const before = 'the acceptance check is not available: '
  const expected = refused(before + 'x'.repeat(4_096 - before.length))
  expect(await acceptanceBy(() => Promise.reject(new Error('x'.repeat(10_000))))).toEqual(expected)
})
