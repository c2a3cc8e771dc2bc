import { sql } from 'kysely'
import type { Dialect } from '../dialects.ts'
import { prepare, slot } from '../prepared.ts'
import type { Db } from '../schema.ts'

/** Work that one process at a time does. */
export interface LeasesTable {
  name: string
  holder: string
  expires_ts: number
}

export function leaseQueries(dialect: Dialect, build: Db) {
  const now = dialect.nowMs
  const take = prepare(
    build
      .insertInto('leases')
      .values({
        name: slot<string>(),
        holder: slot<string>(),
        expires_ts: sql<number>`${now} + ${slot<number>()}`,
      })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet((row) => ({
            holder: row.ref('excluded.holder'),
            expires_ts: row.ref('excluded.expires_ts'),
          }))
          .where((row) =>
            row.or([
              row('leases.holder', '=', row.ref('excluded.holder')),
              row('leases.expires_ts', '<', now),
            ]),
          ),
      )
      .returning('name'),
  )
  const release = prepare(
    build.deleteFrom('leases').where('name', '=', slot<string>()).where('holder', '=', slot<string>()),
  )
  const dropExpired = prepare(
    build.deleteFrom('leases').where('expires_ts', '<', sql<number>`${now} - ${slot<number>()}`),
  )
  return {
    dropExpired,
    take: async (db: Db, name: string, holder: string, ttlMs: number) =>
      (await take(db, name, holder, Math.round(ttlMs))).length > 0,
    release,
  }
}
