import { isFailure } from '@roomserver/types'
import { expect, it } from 'vitest'
import { isSpentConnection, isTransient, storedNumber, storeError, withRetries } from './errors.ts'

const error = (message: string, members: object): Error => Object.assign(new Error(message), members)

it.each([
  ['SQLite: the disk is full', { code: 'ERR_SQLITE_ERROR', errcode: 13 }],
  ['SQLite: the database is locked', { code: 'ERR_SQLITE_ERROR', errcode: 5 }],
  ['SQLite: reading failed, in detail', { code: 'ERR_SQLITE_ERROR', errcode: 266 }],
  ['PostgreSQL: shutting down', { code: '57P01' }],
  ['PostgreSQL: no space left', { code: '53100' }],
  ['a primary that was demoted', { code: '25006' }],
  ['password authentication failed for user "roomserver"', { code: '28P01' }],
  ['no pg_hba.conf entry for host', { code: '28000' }],
  ['database "rooms" does not exist', { code: '3D000' }],
  ['permission denied for schema public', { code: '42501' }],
  ['terminating connection due to idle-in-transaction timeout', { code: '25P03' }],
  ['canceling statement due to statement timeout', { code: '57014' }],
  ['no schema has been selected to create in', { code: '3F000' }],
  ['relation "rooms" does not exist', { code: '42P01' }],
  ['database "rooms" is not currently accepting connections', { code: '55000' }],
  ['cached plan must not change result type', { code: '0A000' }],
  ['the name server does not answer', { code: 'EAI_AGAIN' }],
  ['the network is gone', { code: 'ENETUNREACH' }],
  ['EPIPE is no SQLSTATE', { code: 'EPIPE' }],
  ['Client has encountered a connection error and is not queryable', {}],
  ['Client was closed and is not queryable', {}],
  ['SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string', {}],
  ['The server does not support SSL connections', {}],
  ['self-signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }],
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

// Each set the room aside that met it, as if that was at fault, or ended the start with a stack.
it.each([
  ['no such table: rooms', { code: 'ERR_SQLITE_ERROR', errcode: 1 }, 'restore'],
  ['no such column: breaking', { code: 'ERR_SQLITE_ERROR', errcode: 1 }, 'restore'],
  ['ON CONFLICT clause does not match any PRIMARY KEY', { code: 'ERR_SQLITE_ERROR', errcode: 1 }, 'restore'],
  ['table "counters" already exists', { code: 'ERR_SQLITE_ERROR', errcode: 1 }, 'of its own'],
  ['index outputs_by_room already exists', { code: 'ERR_SQLITE_ERROR', errcode: 1 }, 'of its own'],
  ['duplicate column name: bytes', { code: 'ERR_SQLITE_ERROR', errcode: 1 }, 'of its own'],
  ['column "breaking" does not exist', { code: '42703' }, 'restore'],
  ['there is no unique or exclusion constraint matching', { code: '42P10' }, 'restore'],
  ['relation "counters" already exists', { code: '42P07' }, 'of its own'],
  ['column "bytes" of relation "outputs" already exists', { code: '42701' }, 'of its own'],
])('a schema that is not as it was made: %s', (message, members, remedy) => {
  const failure = storeError(error(message, members))
  expect(isFailure(failure, 'STORE_UNAVAILABLE') && failure.message).toContain(remedy)
  const mistake = error('near "rooms": syntax error', { code: 'ERR_SQLITE_ERROR', errcode: 1 })
  expect(storeError(mistake)).toBe(mistake)
})

// A store on a full disk cannot even be read: SQLite's memory for readers is a file beside it.
it('says what a disk that fails may be', () => {
  const failure = storeError(error('disk I/O error', { code: 'ERR_SQLITE_ERROR', errcode: 4874 }))
  expect(String(failure)).toContain('disk I/O error; the disk may be full, or fail')
})

it('takes a number that would be rounded for damage', () => {
  const failure = storeError(new RangeError('Value is too large', { cause: 1 }))
  expect(isFailure(failure)).toBe(false)
  const tooLarge = Object.assign(
    new RangeError('Value is too large to be represented as a JavaScript number'),
    {
      code: 'ERR_OUT_OF_RANGE',
    },
  )
  expect(isFailure(storeError(tooLarge), 'STORE_DAMAGED')).toBe(true)
  expect(storedNumber('-9007199254740991')).toBe(-Number.MAX_SAFE_INTEGER)
  expect(() => storedNumber('9007199254740993')).toThrow(
    'the database is damaged: the number 9007199254740993 in a row is too large',
  )
})

it.each([
  ['invalid page in block 7 of relation base/5/16399', 'XX001', 'restore a backup'],
  ['could not find tuple using search from root page', 'XX002', 'rebuilds indexes'],
])('PostgreSQL: %s: damaged', (text, code, repair) => {
  const failure = storeError(error(text, { code }))
  expect(isFailure(failure, 'STORE_DAMAGED') && failure.details.repair).toContain(repair)
})

it.each([
  ['a unique constraint', error('unique', { code: '23505' })],
  ['a mistake of ours', new TypeError('undefined is not a function')],
  ['something that is not an error', 'text'],
])('%s stays what it is', (_what, thrown) => {
  expect(storeError(thrown)).toBe(thrown)
})

it('runs a transaction again after a deadlock or a failed serialization', () => {
  expect(isTransient(error('deadlock detected', { code: '40P01' }))).toBe(true)
  expect(isTransient(error('could not serialize', { code: '40001' }))).toBe(true)
  expect(isTransient(error('unique', { code: '23505' }))).toBe(false)
})

it.each([
  ['a demoted primary', '25006', true],
  ['a statement that was prepared for other columns', '0A000', true],
  ['a statement that a pooler has forgotten', '26000', true],
  ['a full disk', '53100', false],
])('goes to another connection after the failure of one: %s', (_what, code, isSpent) => {
  expect(isSpentConnection(error('', { code }))).toBe(isSpent)
})

it('says what an operator does about it, with the code of the database', () => {
  const message = (text: string, members: object): unknown => {
    const failure = storeError(error(text, members))
    return failure instanceof Error ? failure.message : failure
  }
  expect(message('password authentication failed for user "roomserver"', { code: '28P01' })).toBe(
    'the database cannot be used: password authentication failed for user "roomserver" (28P01); correct the user or the password in the connection string',
  )
  expect(message('no pg_hba.conf entry', { code: '28000' })).toContain('pg_hba.conf')
  expect(message('connect ECONNREFUSED 127.0.0.1:5432', { code: 'ECONNREFUSED' })).toBe(
    'the database cannot be used: connect ECONNREFUSED 127.0.0.1:5432; nothing listens there: start the database, or correct host and port in the connection string',
  )
  // The system gives several failed addresses as one error without a text.
  expect(message('', { code: 'ECONNREFUSED' })).toContain('cannot be used: ECONNREFUSED;')
  expect(message('the connection is gone', { code: '08006' })).toBe(
    'the database cannot be used: the connection is gone (08006)',
  )
})

it('gives up on transactions that go on hindering each other, and lets the caller come back', async () => {
  let runs = 0
  const deadlock = () => {
    runs++
    return Promise.reject(error('deadlock detected', { code: '40P01' }))
  }
  const failure = await withRetries(deadlock).catch((thrown: unknown) => thrown)
  expect(isFailure(failure, 'STORE_UNAVAILABLE')).toBe(true)
  expect(runs).toBe(5)
})
