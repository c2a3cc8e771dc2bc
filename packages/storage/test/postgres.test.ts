import { afterAll, describe } from 'vitest'
import { commitContract } from './contract/commit.ts'
import { storageContract } from './contract/contract.ts'
import { dropEmptyTables, openEmptyPostgres } from './postgres-database.ts'

afterAll(dropEmptyTables)

// One unit of work needs one connection; a store that waited for a second one would hang here.
describe('PostgreSQL with one connection', () => {
  storageContract(() => openEmptyPostgres({ maxConnections: 1 }))
})

describe('PostgreSQL with several connections', () => {
  commitContract(() => openEmptyPostgres())
})
