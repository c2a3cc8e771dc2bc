import { isFailure } from '@roomserver/types'
import { expect, it } from 'vitest'
import { isTransient, storeError } from './errors.ts'

const error = (message: string, members: object): Error => Object.assign(new Error(message), members)

it.each([
  ['SQLite: the disk is full', { code: 'ERR_SQLITE_ERROR', errcode: 13 }],
  ['SQLite: the database is locked', { code: 'ERR_SQLITE_ERROR', errcode: 5 }],
  ['SQLite: reading failed, in detail', { code: 'ERR_SQLITE_ERROR', errcode: 266 }],
  ['PostgreSQL: shutting down', { code: '57P01' }],
  ['PostgreSQL: no space left', { code: '53100' }],
  ['nobody listens', { code: 'ECONNREFUSED' }],
  ['Connection terminated unexpectedly', {}],
  ['timeout exceeded when trying to connect', {}],
])('%s: try again later', (message, members) => {
  const failure = storeError(error(message, members))
  expect(isFailure(failure, 'STORE_UNAVAILABLE')).toBe(true)
  expect(storeError(failure)).toBe(failure)
})

it.each([
  ['malformed', 11],
  ['not a database', 26],
])('SQLite: %s: damaged', (message, errcode) => {
  expect(isFailure(storeError(error(message, { code: 'ERR_SQLITE_ERROR', errcode })), 'STORE_DAMAGED')).toBe(
    true,
  )
})

it.each([
  ['a unique constraint', error('unique', { code: '23505' })],
  ['a mistake of ours', new TypeError('undefined is not a function')],
  ['something that is no error', 'text'],
])('%s stays what it is', (_what, thrown) => {
  expect(storeError(thrown)).toBe(thrown)
})

it('runs a transaction again after a deadlock or a failed serialization', () => {
  expect(isTransient(error('deadlock detected', { code: '40P01' }))).toBe(true)
  expect(isTransient(error('could not serialize', { code: '40001' }))).toBe(true)
  expect(isTransient(error('unique', { code: '23505' }))).toBe(false)
})
