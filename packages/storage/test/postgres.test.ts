import { describe } from 'vitest'
import { storageContract } from './contract/contract.ts'
import { openEmptyPostgres } from './postgres-database.ts'

describe('PostgreSQL', () => {
  storageContract(() => openEmptyPostgres())
})

describe('PostgreSQL with one connection', () => {
  storageContract(() => openEmptyPostgres({ maxConnections: 1 }))
})
