import { resolve } from 'node:path'
import type { z } from 'zod'
import type { DatabaseConfig } from './config.ts'
import type { databaseSection } from './sections.ts'

type Section = z.output<typeof databaseSection>

/** The database section, as far as it was given. */
export type Pool = { readonly [Key in keyof Section]?: Section[Key] | undefined }

/** A connection string in Dendrite's notation: `file:NAME` is SQLite, everything else PostgreSQL. */
export function databaseConfig(connectionString: string, pool: Pool): DatabaseConfig {
  if (connectionString.startsWith('file:')) return { kind: 'sqlite', file: sqliteFile(connectionString) }
  const max = connectionLimit(pool.max_open_conns, 10)
  const lifetimeSeconds = pool.conn_max_lifetime ?? -1
  return {
    kind: 'postgres',
    url: connectionString,
    maxConnections: max,
    maxIdleConnections: Math.min(max, connectionLimit(pool.max_idle_conns, 2)),
    maxLifetimeMs: lifetimeSeconds > 0 ? lifetimeSeconds * 1_000 : undefined,
  }
}

/** `file:name.db`, `file:/path/name.db`, `file:///path/name.db`, with or without `?parameters`. */
function sqliteFile(connectionString: string): string {
  const path = connectionString.slice('file:'.length).replace(/\?.*$/, '')
  return path === ':memory:' ? path : resolve(path.replace(/^\/\/(?=\/)/, ''))
}

/** Dendrite reads 0 as "the default" and a negative number as "no limit". Nobody needs more than a hundred. */
function connectionLimit(configured: number | undefined, byDefault: number): number {
  if (configured === undefined || configured === 0) return byDefault
  return configured < 0 ? 100 : configured
}
