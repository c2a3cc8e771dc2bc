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
  ['a file that may not be written', failure('ERR_SQLITE_ERROR', 8)],
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

// A disk that has no room for an event may have it for the renewal of a lease.
it.each([
  ['under SQLite', failure('ERR_SQLITE_ERROR', 13)],
  ['under PostgreSQL', failure('53100')],
])('a full disk %s is over when much was written, or long after the last failure', (_where, error) => {
  let now = 0
  const lines: string[] = []
  const log = { ...silentLogger, error: () => lines.push('gone'), info: () => lines.push('back') }
  const health = new StoreHealth('db', log, () => now)
  health.failed(error)
  health.succeeded(true)
  expect([health.writesFail, lines]).toEqual([true, ['gone']])
  health.recovered()
  expect([health.writesFail, lines]).toEqual([false, ['gone', 'back']])
  health.failed(error)
  now = 59_999
  health.succeeded(true)
  expect(health.writesFail).toBe(true)
  now = 60_000
  health.succeeded(true)
  expect([health.writesFail, lines]).toEqual([false, ['gone', 'back', 'gone', 'back']])
})

it('takes no notice of failures that are not the database’s', () => {
  const { lines, health } = observed()
  health.failed(new TypeError('a mistake of ours'))
  health.failed(storeError(Object.assign(new Error('unique'), { code: '23505' })))
  expect(lines).toEqual([])
})
