import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'

/** Work that one process at a time does. */
export function leaseContract(open: () => Promise<ContractStore>): void {
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
}
