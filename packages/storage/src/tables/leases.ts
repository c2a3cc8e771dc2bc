import { sql } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
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
  const name = sql`cast(${slot<string>()} as text)`
  const holder = sql`cast(${slot<string>()} as text)`
  // A request without success only reads, because processes that wait for a lease ask often.
  const take = prepare(
    sql<{ name: string }>`insert into leases (name, holder, expires_ts)
      select ${name}, ${holder}, ${now} + ${slot<number>()}
      where not exists (select 1 from leases as held
        where held.name = ${name} and held.holder <> ${holder} and held.expires_ts >= ${now})
      on conflict (name) do update set holder = excluded.holder, expires_ts = excluded.expires_ts
      where leases.holder = excluded.holder or leases.expires_ts < ${now}
      returning name`.compile(build),
  )
  const release = prepare(
    build.deleteFrom('leases').where('name', '=', slot<string>()).where('holder', '=', slot<string>()),
  )
  const dropExpired = prepare(
    build.deleteFrom('leases').where('expires_ts', '<', sql<number>`${now} - ${slot<number>()}`),
  )
  const held = prepare(
    build
      .selectFrom('leases')
      .select('name')
      .where('name', '=', slot<string>())
      .where('expires_ts', '>=', sql<number>`${now}`),
  )
  return {
    dropExpired,
    isHeld: async (db: Db, name: string) => (await held(db, name)).length > 0,
    take: async (db: Db, name: string, holder: string, ttlMs: number) =>
      (await take(db, name, holder, Math.round(ttlMs), name, holder)).length > 0,
    release,
  }
}
