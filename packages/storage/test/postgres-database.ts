import { createDatabase } from '@roomserver/testing'
import { inject } from 'vitest'
import { openStorage, type PostgresOptions, type Storage } from '../src/index.ts'

/** A store on an empty PostgreSQL database of its own, which goes with it. */
export async function openEmptyPostgres(
  options: Omit<PostgresOptions, 'dialect' | 'connectionString'> = {},
): Promise<Storage> {
  const database = await createDatabase(inject('postgresUrl'))
  const store = await openStorage({ dialect: 'postgres', connectionString: database.url, ...options })
  const close = store[Symbol.asyncDispose]
  return {
    ...store,
    [Symbol.asyncDispose]: async () => {
      await close()
      await database[Symbol.asyncDispose]()
    },
  }
}
