import { describe } from 'vitest'
import { sqliteStore } from './damaged-store.ts'
import { damagedStoreContract } from './damaged-store-contract.ts'

describe('a damaged store on SQLite', () => damagedStoreContract(sqliteStore))
