import { openStorage } from '@roomserver/storage'
import { expect, it } from 'vitest'
import { storePlaceOf } from './store-place.ts'

it.each([
  ['rooms.db', { dialect: 'sqlite', file: 'rooms.db' }],
  ['/var/lib/rooms/rooms.db', { dialect: 'sqlite', file: '/var/lib/rooms/rooms.db' }],
  [String.raw`C:\rooms\rooms.db`, { dialect: 'sqlite', file: String.raw`C:\rooms\rooms.db` }],
  [':memory:', { dialect: 'sqlite', file: ':memory:' }],
  ['postgresql://localhost/rooms', { dialect: 'postgres', connectionString: 'postgresql://localhost/rooms' }],
  ['postgres://localhost/rooms', { dialect: 'postgres', connectionString: 'postgres://localhost/rooms' }],
])('knows which store %s is', (store, expected) => {
  expect(storePlaceOf(store)).toEqual({ kind: 'options', options: expected })
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
  expect(() => storePlaceOf(store as string)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: expect.objectContaining({ argument: 'store' }) as object,
    }) as Error,
  )
})

it('takes a store of one’s own, and names the first method that it lacks', async () => {
  await using store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  expect(storePlaceOf(store)).toEqual({ kind: 'given', store })
  const { snapshots: _left, ...lacking } = store
  expect(() => storePlaceOf(lacking as never)).toThrow(/store: expected a store with a method snapshots/)
})
