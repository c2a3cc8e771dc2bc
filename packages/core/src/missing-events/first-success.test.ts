import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { firstOf, firstSuccess } from './first-success.ts'

const ASKED = { atOnce: 2, patienceMs: 20 }

it('asks the next server at once when one fails, and no further when one succeeds', async () => {
  const asked: string[] = []
  const ask = async (server: string) => {
    asked.push(server)
    return server === 'b' ? 'answer' : undefined
  }
  expect(await firstSuccess(['a', 'b', 'c'], ask, ASKED)).toBe('answer')
  expect(asked).toEqual(['a', 'b'])
})

it('asks another server beside a slow one, but not more than so many at once', async () => {
  let active = 0
  let most = 0
  const ask = async () => {
    most = Math.max(most, ++active)
    await wait(70)
    active--
    return undefined
  }
  expect(await firstSuccess(['a', 'b', 'c', 'd'], ask, ASKED)).toBeUndefined()
  expect(most).toBe(2)
})

it('tells those that are still at it that it is over', async () => {
  let isOver = () => false
  const ask = async (server: string, attempt: { isOver: () => boolean }) => {
    if (server === 'quick') return server
    isOver = attempt.isOver
    return await new Promise<undefined>(() => undefined)
  }
  expect(await firstSuccess(['slow', 'quick'], ask, ASKED)).toBe('quick')
  expect(isOver()).toBe(true)
})

it('asks nobody where there is nobody', async () => {
  expect(await firstSuccess([], async () => 'answer', ASKED)).toBeUndefined()
})

it('waits so long for the first that ends, and leaves nothing behind that waits', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const never = new Promise<string>(() => undefined)
  expect(await firstOf([never, Promise.resolve('answer')], 1_000)).toBe('answer')
  await expect(firstOf([never, Promise.reject(new Error('gone'))], 1_000)).rejects.toThrow('gone')
  expect(vi.getTimerCount()).toBe(0)
  const ended = vi.fn()
  const waiting = firstOf([never], 1_000).then(ended)
  await vi.advanceTimersByTimeAsync(999)
  expect(ended).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await waiting
  expect(ended).toHaveBeenCalledWith(undefined)
})

it('asks one server after the other where one may be asked at a time, however long it takes', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const asked: string[] = []
  const gates = ['a', 'b', 'c'].map(() => Promise.withResolvers<string | undefined>())
  const ask = (server: string) => {
    asked.push(server)
    return gates[asked.length - 1]?.promise ?? Promise.resolve(undefined)
  }
  const result = firstSuccess(['a', 'b', 'c'], ask, { atOnce: 1, patienceMs: 10 })
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual(['a'])
  gates[0]?.resolve(undefined)
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual(['a', 'b'])
  gates[1]?.resolve('answer of b')
  expect(await result).toBe('answer of b')
  expect(asked).toEqual(['a', 'b'])
})
