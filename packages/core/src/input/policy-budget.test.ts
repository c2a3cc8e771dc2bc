import { expect, it, onTestFinished, vi } from 'vitest'
import type { PolicyAnswer } from '../ports.ts'
import { PolicyBudget } from './policy-budget.ts'
import type { PolicyLimits } from './policy-limits.ts'

const LIMITS: PolicyLimits = {
  timeoutMs: 1_000,
  atOncePerRoom: 1,
  maxWaitingPerRoom: 2,
  maxWaiting: 4,
  restMs: 10_000,
  whenUnreachable: 'soft-fail',
}
const ANSWER: PolicyAnswer = { kind: 'refused', errcode: 'M_FORBIDDEN', error: 'spam' }
const answer = async (): Promise<PolicyAnswer> => ANSWER
const unasked = (reason: string) => ({ kind: 'unreachable', reason, wasAsked: false })

function budget() {
  const clock = { time: 1_000_000, now: () => clock.time }
  return { clock, spender: new PolicyBudget(clock, LIMITS) }
}

it('lets so many events of a room wait, and so many over all rooms', async () => {
  const { spender } = budget()
  const gate = Promise.withResolvers<PolicyAnswer>()
  const asked: string[] = []
  const spend = (roomId: string) =>
    spender.spend(roomId, 'p', () => {
      asked.push(roomId)
      return gate.promise
    })
  const taken = [spend('!one:a'), spend('!one:a'), spend('!one:a')]
  expect(await spend('!one:a')).toEqual(unasked('too many events wait for it'))
  taken.push(spend('!two:a'))
  expect(await spend('!three:a')).toEqual(unasked('too many events wait for it'))
  expect(asked).toEqual(['!one:a', '!two:a'])
  gate.resolve(ANSWER)
  expect(await Promise.all(taken)).toEqual([ANSWER, ANSWER, ANSWER, ANSWER])
  expect(await Promise.all([spend('!three:a'), spend('!one:a')])).toEqual([ANSWER, ANSWER])
  expect(asked).toEqual(['!one:a', '!two:a', '!one:a', '!one:a', '!three:a', '!one:a'])
})

it('leaves a server that did not answer alone for so long and no longer, and others not', async () => {
  const { spender, clock } = budget()
  const gate = Promise.withResolvers<PolicyAnswer>()
  const failed = spender.spend('!one:a', 'p', () => gate.promise)
  const behind = spender.spend('!one:a', 'p', answer)
  gate.reject(new Error('connection refused'))
  expect(await failed).toEqual({ kind: 'unreachable', reason: 'connection refused', wasAsked: true })
  // Whoever has waited for its turn meanwhile does not ask either.
  expect(await behind).toEqual(unasked('it did not answer a moment ago'))
  const ask = vi.fn(answer)
  clock.time += 9_999
  expect(await spender.spend('!two:a', 'p', ask)).toEqual(unasked('it did not answer a moment ago'))
  expect(ask).not.toHaveBeenCalled()
  expect(await spender.spend('!one:a', 'q', ask)).toEqual(ANSWER)
  clock.time += 1
  expect(await spender.spend('!two:a', 'p', ask)).toEqual(ANSWER)
})

it('waits so long for an answer, the time before a turn included', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { spender } = budget()
  let signal: AbortSignal | undefined
  const hanging = spender.spend('!one:a', 'p', (given) => {
    signal = given
    return new Promise(() => undefined)
  })
  await vi.advanceTimersByTimeAsync(1)
  const ask = vi.fn(answer)
  const behind = spender.spend('!one:a', 'p', ask)
  await vi.advanceTimersByTimeAsync(998)
  expect(signal?.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(signal?.aborted).toBe(true)
  expect(await hanging).toEqual({ kind: 'unreachable', reason: 'no answer within 1000 ms', wasAsked: true })
  expect(await behind).toEqual(unasked('it did not answer a moment ago'))
  expect(ask).not.toHaveBeenCalled()

  const slow = new PolicyBudget({ now: () => 0 }, { ...LIMITS, timeoutMs: 500 })
  const gate = Promise.withResolvers<PolicyAnswer>()
  const first = slow.spend('!one:a', 'p', () => gate.promise)
  const second = slow.spend('!one:a', 'p', ask)
  await vi.advanceTimersByTimeAsync(499)
  gate.resolve(ANSWER)
  expect(await Promise.all([first, second])).toEqual([ANSWER, ANSWER])
  expect(vi.getTimerCount()).toBe(0)
})
