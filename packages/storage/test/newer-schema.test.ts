import { type Logger, silentLogger } from '@roomserver/types'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { openStorage } from '../src/index.ts'
import { storedRoom } from '@roomserver/storage-contract'
import { network } from './network.ts'
import { postgresPlace } from './postgres-database.ts'

// A migration refuses to begin while older processes are connected. One that was cut off at that time it cannot see.
it('does not use a database any more that was migrated too far while it was cut off, and says so once', async () => {
  await using place = await postgresPlace()
  await using between = await network(place.url)
  const lines: unknown[] = []
  const logger: Logger = {
    ...silentLogger,
    error: ({ reason }: { readonly reason?: unknown }) => lines.push(reason),
    info: (_fields, message) => lines.push(message),
  }
  await using store = await openStorage(
    { dialect: 'postgres', connectionString: between.url, maxConnections: 2 },
    { logger },
  )
  const room = await storedRoom(store)
  const operator = new Client({ connectionString: place.url })
  await operator.connect()
  const migrate = (version: number, breaking: number) =>
    operator.query('insert into schema_versions values ($1, $2, $3, 0)', [version, 'of the future', breaking])
  const readsRoom = () =>
    store.room(room.roomId).then(
      (found) => found?.roomId,
      (error: unknown) => String(error),
    )

  await migrate(998, 0)
  between.end(0)
  await expect.poll(readsRoom).toBe(room.roomId)

  await migrate(999, 1)
  between.end(0)
  const refusal = 'the database has schema version 999, this program supports up to'
  await expect.poll(readsRoom).toContain(refusal)
  expect(lines.at(-1)).toContain(refusal)
  const said = lines.length
  for (let attempts = 0; attempts < 3; attempts++)
    await expect(store.room(room.roomId)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      details: { reason: expect.stringContaining(refusal) as string },
    })
  await expect(store.probe()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(lines).toHaveLength(said)

  await operator.query('delete from schema_versions where version = 999')
  expect(await readsRoom()).toBe(room.roomId)
  expect(lines.at(-1)).toBe('the database can be used again')
  await operator.end()
})
