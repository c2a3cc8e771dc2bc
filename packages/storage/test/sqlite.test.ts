import { storageContract } from '@roomserver/storage-contract'
import { ENGINE_STORE_METHODS } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { openStorage, type Storage } from '../src/index.ts'
import { ownContract } from './contract/contract.ts'

const open = () => openStorage({ dialect: 'sqlite', file: ':memory:' })

/** A store that notes which of its methods are called. */
function noting(store: Storage, called: Set<string>): Storage {
  const get = (target: Storage, name: string | symbol): unknown => {
    if (typeof name === 'string') called.add(name)
    return Reflect.get(target, name)
  }
  return new Proxy(store, { get })
}

describe('SQLite', () => {
  const called = new Set<string>()
  storageContract(async () => noting(await open(), called))
  // A method that the contract does not call is one that a store of one's own may get wrong.
  it('has nothing that the contract does not ask about', () => {
    expect(ENGINE_STORE_METHODS.filter((name) => !called.has(name))).toEqual([])
  })
  ownContract(open)
})
