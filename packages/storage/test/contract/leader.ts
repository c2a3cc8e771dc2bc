import { expect, it } from 'vitest'
import { runAsLeader, type Storage } from '../../src/index.ts'

/** Work that one process at a time does. */
export function leaderContract(open: () => Promise<Storage>): void {
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
