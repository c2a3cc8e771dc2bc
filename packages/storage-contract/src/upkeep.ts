import { expect, it } from 'vitest'
import type { ContractStore } from './contract-store.ts'

/** Whose a store is, and whether it works. */
export function upkeepContract(open: () => Promise<ContractStore>): void {
  it('belongs to the homeserver that it was first used for', async () => {
    await using store = await open()
    expect(await store.claimServerName('a.example')).toBe('a.example')
    expect(await store.claimServerName('b.example')).toBe('a.example')
  })

  it('belongs to one homeserver where two ask at once', async () => {
    await using store = await open()
    const names = await Promise.all(['a.example', 'b.example'].map((name) => store.claimServerName(name)))
    expect(new Set(names).size).toBe(1)
  })

  it('says nothing when it can be read and written', async () => {
    await using store = await open()
    expect(await store.probe()).toBeUndefined()
  })
}
