import { type Logger, silentLogger } from '@roomserver/types'
import { PostgresDialect, type PostgresPool } from 'kysely'
import { StoreHealth } from '../../health.ts'
import { type Database, refuseBackup } from '../database.ts'
import type { Dialect } from '../dialect.ts'
import { postgres, temporaryPostgres } from './dialect.ts'
import { inOneTransaction } from './one-transaction.ts'
import { openPool, type PostgresOptions } from './pool.ts'
import type { SessionKind } from './session-kind.ts'
import { placeOf } from './session.ts'

/** PostgreSQL; it is connected to when it is first asked something. */
export function openPostgres(options: PostgresOptions, logger: Logger, kind: SessionKind): Database {
  const health = new StoreHealth(nameOf(options), logger)
  const pool = openPool(options, logger, health, kind)
  return { ...database(postgres, pool, health), connections: pool.use, guardSchema: pool.guardSchema }
}

/** Temporary tables in PostgreSQL, in one transaction that is never committed. */
export function openTemporaryPostgres(options: PostgresOptions, kind: SessionKind): Database {
  const health = new StoreHealth(nameOf(options), silentLogger)
  const pool = openPool({ ...options, maxConnections: 1 }, silentLogger, health, kind)
  return database(temporaryPostgres, inOneTransaction(pool), health)
}

function database(dialect: Dialect, pool: PostgresPool, health: StoreHealth): Database {
  return {
    dialect,
    kysely: new PostgresDialect({ pool }),
    backup: () => refuseBackup('use pg_dump or another backup tool of PostgreSQL'),
    health,
  }
}

/** The database as logs name it: without user and password. */
function nameOf(options: PostgresOptions): string {
  return placeOf(options).name
}
