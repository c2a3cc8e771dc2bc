import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { runAsLeader, type Storage } from '../../src/index.ts'

/** Work that one process at a time does. */
export function leaseContract(open: () => Promise<Storage>): void {
  it('gives a lease to one holder until it is released or has expired', async () => {
    await using store = await open()
    expect(await store.takeLease('work', 'one', 60_000)).toBe(true)
    expect(await store.takeLease('work', 'two', 60_000)).toBe(false)
    expect(await store.takeLease('other work', 'two', 60_000)).toBe(true)
    expect([await store.isLeaseHeld('work'), await store.isLeaseHeld('no work')]).toEqual([true, false])
    expect(await store.takeLease('work', 'one', 1)).toBe(true)
    await wait(20)
    expect(await store.isLeaseHeld('work')).toBe(false)
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
    const one = runAsLeader(store, 'work', begin('one'), { ttlMs: 6_000 })
    await expect.poll(() => one.isLeader).toBe(true)
    const answers: boolean[] = []
    const takeLease: Storage['takeLease'] = async (...lease) => {
      const answer = await store.takeLease(...lease)
      answers.push(answer)
      return answer
    }
    await using two = runAsLeader({ ...store, takeLease }, 'work', begin('two'), { ttlMs: 900 })
    await expect.poll(() => answers.length).toBeGreaterThan(1)
    expect(answers.slice(0, 2)).toEqual([false, false])
    expect(two.isLeader).toBe(false)
    await one[Symbol.asyncDispose]()
    await expect.poll(() => two.isLeader).toBe(true)
    expect(log).toEqual(['one starts', 'one stops', 'two starts'])
  })
}
