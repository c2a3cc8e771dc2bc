import { expect, it } from 'vitest'
import { RoomMutex } from './room-mutex.ts'

it('does what is asked of a room one after the other, also after what failed, and rooms side by side', async () => {
  const mutex = new RoomMutex()
  const begun: string[] = []
  const gate = Promise.withResolvers<void>()
  const work = (name: string) => async () => {
    begun.push(name)
    await gate.promise
    if (name === 'bad') throw new Error('it failed')
    return name
  }
  const bad = mutex.take('!one:a', work('bad')).catch((error: unknown) => error)
  const next = mutex.take('!one:a', work('next'))
  const other = mutex.take('!two:a', work('other'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(begun).toEqual(['bad', 'other'])
  gate.resolve()
  expect(await Promise.all([bad, next, other])).toEqual([new Error('it failed'), 'next', 'other'])
  expect(await mutex.take('!one:a', work('again'))).toBe('again')
  expect(begun).toEqual(['bad', 'other', 'next', 'again'])
})
