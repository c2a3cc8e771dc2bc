import { storageContract } from '@roomserver/storage-contract'
import { afterAll, describe } from 'vitest'
import { ownContract } from './contract/contract.ts'
import { dropEmptyTables, openEmptyPostgres } from './postgres-database.ts'

afterAll(dropEmptyTables)

// One unit of work needs one connection; a store that waited for a second one would hang here.
describe('PostgreSQL with one connection', () => {
  const open = () => openEmptyPostgres({ maxConnections: 1 })
  storageContract(open)
  ownContract(open)
})

describe('PostgreSQL with several connections', () => {
  storageContract(() => openEmptyPostgres(), ['commit'])
})
