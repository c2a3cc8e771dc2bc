import { newestSchema, openStorage } from '@roomserver/storage'
import { createFilledDatabase, type TestDatabase } from '@roomserver/testing'
import { inject } from 'vitest'

/** A database with the newest schema and nothing in it. */
export function newDatabase(): Promise<TestDatabase> {
  return createFilledDatabase(inject('postgresUrl'), `schema_${newestSchema}`, async (connectionString) => {
    await (await openStorage({ dialect: 'postgres', connectionString }))[Symbol.asyncDispose]()
  })
}
