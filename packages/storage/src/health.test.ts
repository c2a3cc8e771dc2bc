import { silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { storeError } from './errors.ts'
import { StoreHealth } from './health.ts'

const failure = (code: string, errcode?: number) =>
  storeError(Object.assign(new Error('it failed'), { code, errcode }))

function observed() {
  const lines: string[] = []
  const note = (level: string) => (fields: object, message: string) =>
    lines.push(`${level} ${JSON.stringify(fields)} ${message}`)
  const log = { ...silentLogger, error: note('error'), info: note('info') }
  return { lines, health: new StoreHealth('db.example:5432', log) }
}

it('says once that the database is gone, with its address, and once that it is back', () => {
  const { lines, health } = observed()
  health.succeeded(true)
  health.failed(failure('ECONNREFUSED'))
  health.failed(failure('ECONNREFUSED'))
  health.failed(failure('57P01'))
  health.succeeded(false)
  health.succeeded(true)
  expect(lines).toEqual([
    'error {"database":"db.example:5432","reason":"it failed"} the database cannot be used; callers get 503 until it can be again',
    'info {"database":"db.example:5432"} the database can be used again',
  ])
})

it.each([
  ['a full disk under SQLite', failure('ERR_SQLITE_ERROR', 13)],
  ['a file that may not be written', failure('ERR_SQLITE_ERROR', 8)],
  ['a full disk under PostgreSQL', failure('53100')],
  ['a primary that was demoted', failure('25006')],
])('%s is over when something was written, not when something was read', (_what, error) => {
  const { lines, health } = observed()
  health.failed(error)
  health.failed(failure('57014'))
  health.succeeded(false)
  expect(health.writesFail).toBe(true)
  expect(lines).toHaveLength(1)
  health.succeeded(true)
  expect(health.writesFail).toBe(false)
  expect(lines).toHaveLength(2)
})

it('takes no notice of failures that are not the database’s', () => {
  const { lines, health } = observed()
  health.failed(new TypeError('a mistake of ours'))
  health.failed(storeError(Object.assign(new Error('unique'), { code: '23505' })))
  expect(lines).toEqual([])
})
