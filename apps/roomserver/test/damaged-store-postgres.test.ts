import { describe } from 'vitest'
import { postgresStore } from './damaged-store.ts'
import { damagedStoreContract } from './damaged-store-contract.ts'

// A file of its own, so that it runs beside the one on SQLite.
describe('a damaged store on PostgreSQL', () => damagedStoreContract(postgresStore))
