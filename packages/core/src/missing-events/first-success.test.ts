import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { firstSuccess } from './first-success.ts'

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
