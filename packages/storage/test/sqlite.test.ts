import { describe } from 'vitest'
import { openStorage } from '../src/index.ts'
import { commitContract } from './contract/commit.ts'

describe('SQLite', () => {
  commitContract(() => openStorage({ dialect: 'sqlite', file: ':memory:' }))
})
