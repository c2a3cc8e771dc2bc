import { randomBytes } from 'node:crypto'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** What a large commit writes, or about that; random, so that nothing can make it smaller. */
const REHEARSED_BYTES = 256 * 1024

/** A sentence about the store as a whole. `rehearsal` is there for a moment only. */
export interface StoreFactsTable {
  name: 'server_name' | 'rehearsal'
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
  const replace = prepare(
    build
      .insertInto('store_facts')
      .values({ name: slot<StoreFactsTable['name']>(), value: slot<string>() })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: slot<string>() })),
  )
  const remove = prepare(build.deleteFrom('store_facts').where('name', '=', slot<StoreFactsTable['name']>()))
  const get = async (db: Db, name: StoreFactsTable['name']) => (await read(db, name))[0]?.value
  return {
    get,
    /** Writes as much as a large commit does, and takes it away again: where a disk is full, little may still fit. */
    rehearse: async (db: Db): Promise<void> => {
      const value = randomBytes(REHEARSED_BYTES / 2).toString('hex')
      await replace(db, 'rehearsal', value, value)
      await remove(db, 'rehearsal')
    },
    /** Sets a fact that is not set yet; returns what holds then. */
    claim: async (db: Db, name: StoreFactsTable['name'], value: string): Promise<string> => {
      await put(db, name, value)
      return (await get(db, name)) ?? value
    },
  }
}
