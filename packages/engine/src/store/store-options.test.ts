import { expect, it } from 'vitest'
import { storeOptionsOf } from './store-options.ts'

it.each([
  ['rooms.db', { dialect: 'sqlite', file: 'rooms.db' }],
  ['/var/lib/rooms/rooms.db', { dialect: 'sqlite', file: '/var/lib/rooms/rooms.db' }],
  [String.raw`C:\rooms\rooms.db`, { dialect: 'sqlite', file: String.raw`C:\rooms\rooms.db` }],
  [':memory:', { dialect: 'sqlite', file: ':memory:' }],
  ['postgresql://localhost/rooms', { dialect: 'postgres', connectionString: 'postgresql://localhost/rooms' }],
  ['postgres://localhost/rooms', { dialect: 'postgres', connectionString: 'postgres://localhost/rooms' }],
])('knows which store %s is', (store, expected) => {
  expect(storeOptionsOf(store)).toEqual(expected)
})

// A file of that name, or a database that is not meant, would be worse than an error.
it.each([
  ['another database', 'mysql://localhost/rooms'],
  ['a URL of a file', 'file:rooms.db'],
  ['an empty text', ''],
  ['nothing', undefined],
  ['another dialect', { dialect: 'mysql', file: 'rooms.db' }],
  ['no place', { dialect: 'sqlite' }],
  ['a number', 7],
])('refuses %s', (_what, store) => {
  expect(() => storeOptionsOf(store as string)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: expect.objectContaining({ argument: 'store' }) as object,
    }) as Error,
  )
})
