import type { Store } from '@roomserver/core'
import { openStorage } from '@roomserver/storage'
import { expect, it } from 'vitest'

it('gives the core the store that it asks for', async () => {
  await using storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const store: Store = storage
  expect(await store.room('!nobody:example.org')).toBeUndefined()
})
