import { describe } from 'vitest'
import { openStorage } from '../src/index.ts'
import { storageContract } from './contract/contract.ts'

describe('SQLite', () => {
  storageContract(() => openStorage({ dialect: 'sqlite', file: ':memory:' }))
})
