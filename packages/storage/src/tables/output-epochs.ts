import { prepare, slot } from '../prepared.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Db } from '../schema.ts'

/** An incarnation of the output log. */
export interface OutputEpochsTable {
  first_position: number
  /** The last position in use before. */
  last_before: number
  /** 0: nothing used it yet. */
  began_ts: number
  name: string
  reason: string
}

/** An incarnation of the output log: outputs from a position on, until the next one begins. */
export interface OutputEpoch {
  readonly name: string
  readonly firstPosition: number
  /** The last position of the epoch before; positions between are nobody's. */
  readonly lastBefore: number
}

export function outputEpochQueries(dialect: Dialect, build: Db) {
  const all = prepare(build.selectFrom('output_epochs').selectAll().orderBy('first_position'))
  const useFirst = prepare(
    build
      .updateTable('output_epochs')
      .set({ began_ts: slot<number>() })
      .where('began_ts', '=', 0)
      .returning('first_position'),
  )
  const add = prepare(
    build.insertInto('output_epochs').values({
      first_position: slot<number>(),
      last_before: slot<number>(),
      began_ts: slot<number>(),
      name: slot<string>(),
      reason: slot<string>(),
    }),
  )
  const remove = prepare(build.deleteFrom('output_epochs').where('first_position', '=', slot<number>()))
  const latest = (table: 'outputs' | 'delivered_outputs') =>
    prepare(build.selectFrom(table).select((row) => row.fn.max<number | null>('position').as('position')))
  const [waiting, delivered] = [latest('outputs'), latest('delivered_outputs')]
  return {
    /** The earliest first. */
    all: async (db: Db): Promise<OutputEpoch[]> =>
      (await all(db)).map(({ name, first_position: firstPosition, last_before: lastBefore }) => ({
        name,
        firstPosition,
        lastBefore,
      })),
    /** Begins to use the first epoch of a store; returns whether nothing had. */
    useFirst: async (db: Db, now: number) => (await useFirst(db, now, 0)).length > 0,
    add: (db: Db, row: OutputEpochsTable) =>
      add(db, row.first_position, row.last_before, row.began_ts, row.name, row.reason),
    remove: (db: Db, firstPosition: number) => remove(db, firstPosition),
    lastPosition: async (db: Db) =>
      Math.max((await waiting(db))[0]?.position ?? 0, (await delivered(db))[0]?.position ?? 0),
    startPositions: async (db: Db, first: number) => {
      for (const statement of dialect.startPositions('outputs', first)) await statement.execute(db)
    },
  }
}
