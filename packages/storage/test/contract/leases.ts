import { setTimeout as wait } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { lead, type Storage } from '../../src/index.ts'

/** Work that one process at a time does. */
export function leaseContract(open: () => Promise<Storage>): void {
  it('gives a lease to one holder until it is released or has expired', async () => {
    await using store = await open()
    expect(await store.takeLease('work', 'one', 60_000)).toBe(true)
    expect(await store.takeLease('work', 'two', 60_000)).toBe(false)
    expect(await store.takeLease('other work', 'two', 60_000)).toBe(true)
    expect(await store.takeLease('work', 'one', 1)).toBe(true)
    await wait(20)
    expect(await store.takeLease('work', 'two', 60_000)).toBe(true)
    await store.releaseLease('work', 'one')
    expect(await store.takeLease('work', 'one', 60_000)).toBe(false)
    await store.releaseLease('work', 'two')
    expect(await store.takeLease('work', 'one', 60_000)).toBe(true)
  })

  it('lets one process lead and another take over when it is gone', async () => {
    await using store = await open()
    const log: string[] = []
    const begin = (name: string) => () => {
      log.push(`${name} starts`)
      return { [Symbol.asyncDispose]: async () => void log.push(`${name} stops`) }
    }
    const one = lead(store, 'work', begin('one'), { ttlMs: 60 })
    await vi.waitUntil(() => one.isLeading)
    await using two = lead(store, 'work', begin('two'), { ttlMs: 60 })
    await wait(100)
    expect(two.isLeading).toBe(false)
    await one[Symbol.asyncDispose]()
    await vi.waitUntil(() => two.isLeading)
    expect(log).toEqual(['one starts', 'one stops', 'two starts'])
  })

  it('stops the work when the lease can no longer be prolonged', async () => {
    await using store = await open()
    let isDown = false
    const takeLease: Storage['takeLease'] = (...lease) =>
      isDown ? Promise.reject(new Error('the database is down')) : store.takeLease(...lease)
    let stopped = 0
    const start = () => ({ [Symbol.asyncDispose]: async () => void stopped++ })
    await using leader = lead({ ...store, takeLease }, 'work', start, { ttlMs: 60 })
    await vi.waitUntil(() => leader.isLeading)
    isDown = true
    await vi.waitUntil(() => !leader.isLeading)
    expect(stopped).toBe(1)
  })
}
