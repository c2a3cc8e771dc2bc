import { Client } from 'pg'
import { expect, it } from 'vitest'
import { storedRoom } from '@roomserver/storage-contract'
import { postgresPlace } from './postgres-database.ts'

// Every statement that this connection had prepared failed from then on, as an internal error, until it was closed.
it('goes on with a new connection when a newer program adds a column meanwhile', async () => {
  await using place = await postgresPlace()
  await using store = await place.open({ maxConnections: 1 })
  const room = await storedRoom(store)
  expect(await store.room(room.roomId)).toEqual(room)
  const operator = new Client({ connectionString: place.url })
  await operator.connect()
  await operator.query('alter table rooms add column of_the_future text')
  await operator.end()
  await expect(store.room(room.roomId)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await store.room(room.roomId)).toMatchObject({ roomId: room.roomId, revision: room.revision })
})
