import type { StreamRecord } from '@roomserver/types'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** The stream of outputs as it was last seen. */
export interface OutputStreamTable {
  name: string
  /** When the message server created it, which tells it from another stream of the same name. */
  created: string
  last_sequence: number
  /** The first number that a consumer may not have read. */
  unread: number
  /** Numbers up to this one were purged. */
  purged: number
  /** Its durable consumers, as JSON. */
  consumers: string
}

export function outputStreamQueries(build: Db) {
  const read = prepare(build.selectFrom('output_stream').selectAll())
  const others = prepare(build.deleteFrom('output_stream').where('name', '<>', slot<string>()))
  const values = {
    created: slot<string>(),
    last_sequence: slot<number>(),
    unread: slot<number>(),
    purged: slot<number>(),
    consumers: slot<string>(),
  }
  const write = prepare(
    build
      .insertInto('output_stream')
      .values({ name: slot<string>(), ...values })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(values)),
  )
  return {
    get: async (db: Db): Promise<StreamRecord | undefined> => {
      const [row] = await read(db)
      if (row === undefined) return undefined
      const { last_sequence: lastSequence, ...record } = row
      return { ...record, lastSequence }
    },
    put: (db: Db, { name, created, lastSequence, unread, purged, consumers }: StreamRecord) =>
      db.transaction().execute(async (tx) => {
        await others(tx, name)
        const row = [created, lastSequence, unread, purged, consumers]
        await write(tx, name, ...row, ...row)
      }),
  }
}
