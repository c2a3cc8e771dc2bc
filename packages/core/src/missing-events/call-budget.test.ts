import { expect, it, onTestFinished, vi } from 'vitest'
import { type RepairFederation, withCallBudget } from './call-budget.ts'

const CALLS = [
  'lookupMissingEvents',
  'getEventAuth',
  'lookupStateIds',
  'lookupState',
  'getEvent',
  'queryPublicKey',
] as const

type AnyCall = (request: unknown) => Promise<unknown>

/** A component of which each call answers as given. */
function federationWith(answer: AnyCall) {
  const calls = Object.fromEntries(CALLS.map((name) => [name, answer]))
  return withCallBudget(calls as unknown as RepairFederation, 1_000) as unknown as Record<
    (typeof CALLS)[number],
    AnyCall
  >
}

it.each(CALLS)('gives %s up when its time is over, and no sooner', async (name) => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const never = federationWith(() => new Promise(() => undefined))
  const failed = vi.fn()
  const call = never[name]({}).catch(failed)
  await vi.advanceTimersByTimeAsync(999)
  expect(failed).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await call
  expect(failed).toHaveBeenCalledWith(new Error('no answer within 1000 ms'))
})

it.each(CALLS)('passes on what %s answers, and waits for nothing then', async (name) => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const request = { S: 'a' }
  expect(await federationWith(async (asked) => ({ asked }))[name](request)).toEqual({ asked: request })
  const failing = federationWith(() => Promise.reject(new Error('404 not found')))
  await expect(failing[name](request)).rejects.toThrow('404 not found')
  expect(vi.getTimerCount()).toBe(0)
})
