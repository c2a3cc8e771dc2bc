import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** A sentence about the store as a whole. */
export interface StoreFactsTable {
  name: 'server_name'
  value: string
}

export function storeFactQueries(build: Db) {
  const read = prepare(
    build.selectFrom('store_facts').select('value').where('name', '=', slot<StoreFactsTable['name']>()),
  )
  const put = prepare(
    build
      .insertInto('store_facts')
      .values({ name: slot<StoreFactsTable['name']>(), value: slot<string>() })
      .onConflict((conflict) => conflict.column('name').doNothing()),
  )
  const get = async (db: Db, name: StoreFactsTable['name']) => (await read(db, name))[0]?.value
  return {
    get,
    /** Sets a fact that is not set yet; returns what holds then. */
    claim: async (db: Db, name: StoreFactsTable['name'], value: string): Promise<string> => {
      await put(db, name, value)
      return (await get(db, name)) ?? value
    },
  }
}
